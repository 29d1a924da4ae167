/* SPDX-License-Identifier: Apache-2.0 */
/* findings: what `fairlead doctor` tells, from what loading the probes taught. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "agent/probes/load.h"

struct cache_check;
struct findings;
struct machine;
struct hook_snapshot;
struct subject_snapshot;

/* How loading a subject went. */
struct subject_state {
	const struct load_subject *subject;
	bool wanted;
	int error; /* of the whole: 0 when it measures */
	int tried[LOAD_PARTS][LOAD_WAYS];
	char text[LOAD_TEXT]; /* the kernel's or libbpf's own words */
};

/* Is this part of it measured, whichever way? */
bool findings_measures(const struct subject_state *state, int part);

void findings_subject(const struct subject_state *state, struct subject_snapshot *ret);

/* The same of a part of it. */
void findings_hook(const struct subject_state *state, int part, struct hook_snapshot *ret);

/* Does what we count of the page cache agree with the kernel's own counters? */
void findings_cache_check(const struct cache_check *check, struct findings *ret);

/* Only a part of the cgroup tree is in sight, here. */
void findings_part_of_tree(const char *mount, struct findings *ret);

/* A detail that is left out because measuring took this share of the node. */
void findings_left_out(const char *detail, double share, uint64_t allowed_ns, struct findings *ret);

/* capabilities: what the warden holds, and what was held to start with and, unless jobs are to be
 * executed, given up. */
void findings_collect(const struct subject_state *states, size_t count,
		      const struct machine *machine, uint64_t capabilities, bool execute,
		      struct findings *ret);
