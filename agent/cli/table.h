/* SPDX-License-Identifier: Apache-2.0 */
/* table: how values look to a person: short, aligned, 80 columns, colour only where it means something. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/snapshot/finding.h"

#define CELL 16

/* "0", "1.0us", "12ms", "3.4s", "3h12m"; ret is returned. */
const char *table_time(char ret[CELL], uint64_t ns);
const char *table_count(char ret[CELL], double n);   /* "12", "3.4k", "1.2M" */
const char *table_bytes(char ret[CELL], uint64_t n); /* "5.1M" */
/*
 * Text from outside in `width` columns, printable and filled up with blanks; what is cut is cut
 * in front, where paths differ least.
 */
const char *table_tail(char *ret, size_t size, const char *text, size_t width);

/*
 * Breaks text at words: the first line begins at column `at`, where the cursor is, the others at
 * `indent`; no line passes `columns`.
 */
void table_wrap(const char *text, unsigned int at, unsigned int indent, unsigned int columns,
		FILE *out);

/* Of the terminal that `out` is, 40 at least; 80 where it is none. */
unsigned int table_columns(FILE *out);

/* Colour for a terminal unless the user said no: --no-color or NO_COLOR. */
bool table_colour(FILE *out, bool no_color);
const char *table_state(enum finding_state state, bool colour);
