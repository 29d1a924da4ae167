/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print: what a person sees of a snapshot and of findings, in the columns of the terminal or, where
 * it is none, in 80.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct findings;
struct snapshot;
struct word_table;

/* What a snapshot can be asked for by name; a name is that of a key of the JSON object, too. */
extern const struct word_table print_sections;

/* Only these sections, whole; none: all of them, each cut to what fits a screen. */
void print_snapshot(const struct snapshot *s, char *const *sections, int count, bool colour,
		    FILE *out);

/* Its parts that come from the kernel's own files; nothing where there is nothing to tell. */
void print_files_node(const struct snapshot *s, FILE *out);
void print_files_cgroups(const struct snapshot *s, bool whole, unsigned int columns, FILE *out);

void print_findings(const struct findings *f, const char *kernel, bool colour, FILE *out);
