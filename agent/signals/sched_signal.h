/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched_signal: turns the ever-growing counters of the sched probe into "how long did who
 * wait for a CPU in the last window".  Pure: callers bring time and samples.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/base/hist.h"
#include "agent/probes/sched_sample.h"

struct sched_signal;

struct sched_reading {
	uint64_t window_ns;
	size_t cpus;
	const struct hist *cpu;       /* waits in the window */
	const struct hist *cpu_total; /* since load */
	size_t rows;                  /* 0 when nothing was ever counted */
	struct sched_row {
		uint64_t id; /* 0: other */
		uint64_t waits, wait_ns, waits_total, wait_ns_total;
	} row[FL_LEDGER_ROWS];
};

int sched_signal_new(struct sched_signal **ret, size_t cpus, uint64_t window_ns);
struct sched_signal *sched_signal_free(struct sched_signal *s);
void sched_signal_freep(struct sched_signal **s);

void sched_signal_set_window(struct sched_signal *s, uint64_t window_ns);

/*
 * The sample is copied.  -ESTALE when time or a CPU's counter ran backwards (the programs
 * were loaded anew): the window restarts from this sample.
 */
int sched_signal_feed(struct sched_signal *s, const struct sched_sample *sample);

/*
 * What happened between the sample nearest to one window ago and the last one.  The reading
 * is valid until the next call; NULL until two samples exist.
 */
const struct sched_reading *sched_signal_read(struct sched_signal *s);

/* The same between two samples at hand: what a caller with a window of its own asks. */
int sched_reading_between(struct sched_reading *ret, struct hist *cpu_room,
			  const struct sched_sample *then, const struct sched_sample *now);
