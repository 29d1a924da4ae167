/* SPDX-License-Identifier: Apache-2.0 */
/* cache_reading: what happened to the page cache between two samples, and is it true.  Pure. */
#pragma once
#include "agent/probes/cache_sample.h"
#include "agent/snapshot/node_totals.h"

/* As sched_reading_between, for the page cache; it counts from zero when it was loaded anew. */
int cache_reading_between(struct cache_sample *ret, const struct cache_sample *then,
			  const struct cache_sample *now);

/* How what we counted and what the kernel keeps for itself have moved apart since the first look. */
struct cache_check {
	bool known;
	uint64_t pages;                    /* that passed by us: went in or out, or changed */
	int64_t resident_off, dirtied_off; /* pages, ours less the kernel's */
	uint64_t allowed;                  /* either way: the kernel's own counters lag */
};
struct cache_check cache_check(const struct cache_sample *then, const struct memory *kernel_then,
			       const struct cache_sample *now, const struct memory *kernel_now,
			       size_t cpus);
bool cache_check_holds(const struct cache_check *c);
