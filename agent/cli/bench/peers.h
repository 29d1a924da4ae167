/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers: the rows beside the agent's: our own command without the agent, and what else is on the
 * machine to do the same with.  What is not there, or does not work here, stays as a row that says so.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_job;
struct ground;
struct series;

struct peers_terms {
	const struct bench_job *job;
	const struct ground *ground;
	const char *const *folders; /* looked in before PATH */
	size_t folder_count;
	bool others; /* programs that are not ours, too */
	size_t wanted;
	uint64_t patience_ns;
};

/* How many rows it made, SERIES_MAX - 1 at most. */
size_t peers_make(const struct peers_terms *t, struct series *ret);
