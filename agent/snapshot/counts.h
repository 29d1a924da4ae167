/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts: counters with names, so that whoever reads, subtracts or shows them does all of them
 * in one loop.  They only grow; times are nanoseconds.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct count_name {
	const char *name; /* with its unit: seconds for a time */
	bool is_time;
};

/* Of the scheduler, per CPU and, up to _SCHED_CGROUP_MAX, per cgroup. */
enum sched_count {
	SCHED_WAITS, /* got the CPU after waiting for it */
	SCHED_WAIT_NS,
	SCHED_RUN_NS,
	SCHED_SLEPT_NS,     /* off the CPU of their own will, in those that came back */
	SCHED_PREEMPTED_NS, /* off it though they could run */
	SCHED_PREEMPTED,
	SCHED_MOVED_NEAR, /* to another CPU that shares the last cache, the memory, neither */
	SCHED_MOVED_CACHE,
	SCHED_MOVED_NODE,
	SCHED_STARTED, /* tasks, which threads are as well */
	SCHED_EXITED,
	SCHED_EXECS,
	SCHED_SWITCHES, /* from here on of a CPU only */
	SCHED_IDLE_NS,
	SCHED_LOST, /* came back, and when they had gone was no longer known */
	_SCHED_COUNT_MAX,
};
#define _SCHED_CGROUP_MAX SCHED_SWITCHES
extern const struct count_name sched_count_names[_SCHED_COUNT_MAX];

/* Of the page cache, per node and per cgroup. */
enum cache_count {
	CACHE_ACCESSES,  /* pages read through it */
	CACHE_READS,     /* requests for them */
	CACHE_MISSES,    /* requests whose first page was not there */
	CACHE_FILLS,     /* pages put into it */
	CACHE_EVICTIONS, /* pages taken out */
	CACHE_DIRTIED,   /* pages changed that were clean */
	CACHE_FAULTS,    /* faults on mapped files that found no page mapped around */
	_CACHE_COUNT_MAX,
};
extern const struct count_name cache_count_names[_CACHE_COUNT_MAX];

void counts_add(uint64_t *to, const uint64_t *n, size_t count);

/* *ret = now - then; false, and *ret is now, when one of them ran backwards. */
bool counts_since(uint64_t *ret, const uint64_t *then, const uint64_t *now, size_t count);

/* Who gets the CPU was woken, unless he had been preempted. */
uint64_t sched_woken(const uint64_t *counts);
