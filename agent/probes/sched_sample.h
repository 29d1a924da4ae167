/* SPDX-License-Identifier: Apache-2.0 */
/* sched_sample: the run-queue waits counted since load, at one moment.  Plain values. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/base/hist.h"
#include "bpf/lib/ledger.h"

struct sched_count {
	uint64_t id; /* cgroup; 0: a free row */
	uint64_t waits, wait_ns;
};

struct sched_sample {
	size_t cpus;
	struct hist *cpu;                        /* owned */
	struct sched_count rows[FL_LEDGER_ROWS]; /* as in the ledger; FL_LEDGER_OTHER first */
	struct sched_count gone;                 /* what freed rows had counted */
};

int sched_sample_new(struct sched_sample **ret, size_t cpus);
struct sched_sample *sched_sample_free(struct sched_sample *s);
void sched_sample_freep(struct sched_sample **s);
/* Both made for the same number of CPUs. */
void sched_sample_copy(struct sched_sample *to, const struct sched_sample *from);
