/* SPDX-License-Identifier: Apache-2.0 */
/* lines: numbers behind names, one a line, as most of the kernel's files have them.  Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
	const char *name; /* what the line begins with, up to a space, a tab or a colon */
	uint64_t *to;     /* left alone where there is no such line */
};

/* How many of the names there were. */
size_t lines_read(const char *text, const struct line *lines, size_t count);

/* The number that text begins with, after blanks; "max" is UINT64_MAX, as is what is larger. */
bool lines_number(const char *text, uint64_t *ret);

uint64_t lines_times(uint64_t n, uint64_t by); /* at most UINT64_MAX */
