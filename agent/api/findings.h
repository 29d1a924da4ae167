/* SPDX-License-Identifier: Apache-2.0 */
/* findings: what `fairlead doctor` tells, from what loading the probes taught. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "agent/probes/sched_load.h"

struct findings;
struct machine;
struct subject_snapshot;

struct sched_state {
	bool wanted;
	int error; /* of the whole: 0 when a hook is on */
	int hook;
	int tried[_SCHED_HOOK_MAX];
	char text[128]; /* the kernel's or libbpf's own words */
};

void findings_subject(const struct sched_state *sched, struct subject_snapshot *ret);

/* capabilities: what the warden holds, and what was held to start with and given up. */
void findings_collect(const struct sched_state *sched, const struct machine *machine,
		      uint64_t capabilities, struct findings *ret);
