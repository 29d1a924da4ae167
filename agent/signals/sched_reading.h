/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched_reading: turns the ever-growing counters of the sched probe into "how long did who
 * wait for a CPU" between two samples.  Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/hist.h"
#include "agent/probes/sched_sample.h"

struct sched_reading {
	size_t cpus;
	const struct hist *cpu;       /* waits in the window */
	const struct hist *cpu_total; /* since load */
	size_t rows;                  /* 0 when nothing was ever counted */
	struct sched_row {
		uint64_t id; /* 0: other */
		uint64_t waits, wait_ns, waits_total, wait_ns_total;
	} row[FL_LEDGER_ROWS];
};

/* A CPU's counter fell: the programs were loaded anew. */
bool sched_ran_backwards(const struct sched_sample *then, const struct sched_sample *now);

/* -ESTALE when counters ran backwards.  *ret points into cpu_room (one a CPU) and *now. */
int sched_reading_between(struct sched_reading *ret, struct hist *cpu_room,
			  const struct sched_sample *then, const struct sched_sample *now);
