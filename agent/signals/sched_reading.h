/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched_reading: turns the ever-growing counters of the sched probe into "what happened to whom"
 * between two samples.  Pure.
 */
#pragma once
#include <stdbool.h>

#include "agent/probes/sched_sample.h"

/* A CPU's counter fell: the programs were loaded anew. */
bool sched_ran_backwards(const struct sched_sample *then, const struct sched_sample *now);

/*
 * *ret, made for as many CPUs, is what happened in between: its rows are those of *now, each
 * where it is there, its waiters those who waited.  What has a new owner counts from zero.
 * -ESTALE when counters ran backwards.
 */
int sched_reading_between(struct sched_sample *ret, const struct sched_sample *then,
			  const struct sched_sample *now);
