/* SPDX-License-Identifier: Apache-2.0 */
/* report: what was measured, for a person and as fairlead/bench/v1. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct load;
struct series;

struct report {
	const char *part, *what, *lang; /* lang NULL: a program */
	struct series *series;          /* the first is the agent's */
	size_t series_count;
	struct load *loads;
	size_t load_count;
	size_t warm_up;
	uint64_t pause_ns; /* PAUSE_AUTO */
	bool stopped;
};

/* Both sort the samples. */
void report_table(const struct report *r, FILE *out);
char *report_json(const struct report *r); /* to be freed; NULL: no memory */
