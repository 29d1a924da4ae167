/* SPDX-License-Identifier: Apache-2.0 */
/* sched_sample: what the scheduler's probe counted since load, at one moment.  Plain values. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/base/hist.h"
#include "agent/probes/ledger_row.h"
#include "agent/probes/self_sample.h"
#include "agent/snapshot/counts.h"
#include "bpf/lib/ledger.h"
#include "bpf/sched/sched.h"

struct sched_counts {
	uint64_t n[_SCHED_COUNT_MAX];
	struct hist wait;
};

struct sched_sample {
	size_t cpus;
	struct sched_cpu_sample {
		struct sched_counts counts;
		uint32_t queued; /* tasks that waited when the last one got the CPU */
	} *cpu;                  /* owned */
	size_t row_count, row_room;
	struct sched_row_sample {
		struct ledger_row of;
		struct sched_counts counts;
	} *rows;                  /* owned */
	struct sched_counts gone; /* what freed rows had counted */
	struct self_sample self;
	size_t waiter_count;
	struct sched_waiter_sample {
		uint64_t cgroup, waits, wait_ns, longest_ns;
		uint32_t thread; /* 0: other */
		char name[16];
	} waiters[FL_SCHED_WAITERS];
};

int sched_sample_new(struct sched_sample **ret, size_t cpus);
struct sched_sample *sched_sample_free(struct sched_sample *s);
void sched_sample_freep(struct sched_sample **s);
/* Both made for the same number of CPUs.  -ENOMEM leaves *to without rows. */
int sched_sample_copy(struct sched_sample *to, const struct sched_sample *from);

/* One more row, all zero; NULL when out of memory. */
struct sched_row_sample *sched_sample_add_row(struct sched_sample *s);
