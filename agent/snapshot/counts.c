/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/counts.h"

const struct count_name sched_count_names[] = {
	[SCHED_WAITS] = { "waits", false },
	[SCHED_WAIT_NS] = { "wait_seconds", true },
	[SCHED_RUN_NS] = { "run_seconds", true },
	[SCHED_SLEPT_NS] = { "slept_seconds", true },
	[SCHED_PREEMPTED_NS] = { "preempted_seconds", true },
	[SCHED_PREEMPTED] = { "preemptions", false },
	[SCHED_MOVED_NEAR] = { "migrations_same_cache", false },
	[SCHED_MOVED_CACHE] = { "migrations_other_cache", false },
	[SCHED_MOVED_NODE] = { "migrations_other_node", false },
	[SCHED_STARTED] = { "tasks_started", false },
	[SCHED_EXITED] = { "tasks_exited", false },
	[SCHED_EXECS] = { "execs", false },
	[SCHED_SWITCHES] = { "switches", false },
	[SCHED_IDLE_NS] = { "idle_seconds", true },
	[SCHED_LOST] = { "absences_lost", false },
};

const struct count_name cache_count_names[] = {
	[CACHE_ACCESSES] = { "page_accesses", false },
	[CACHE_READS] = { "reads", false },
	[CACHE_MISSES] = { "demand_misses", false },
	[CACHE_FILLS] = { "page_fills", false },
	[CACHE_EVICTIONS] = { "page_evictions", false },
	[CACHE_DIRTIED] = { "pages_dirtied", false },
	[CACHE_FAULTS] = { "mmap_faults", false },
};

void counts_add(uint64_t *to, const uint64_t *n, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] += n[i];
}

bool counts_since(uint64_t *ret, const uint64_t *then, const uint64_t *now, size_t count)
{
	bool forward = true;

	for (size_t i = 0; i < count; i++)
		forward &= now[i] >= then[i];
	for (size_t i = 0; i < count; i++)
		ret[i] = forward ? now[i] - then[i] : now[i];
	return forward;
}

uint64_t sched_woken(const uint64_t *counts)
{
	uint64_t waits = counts[SCHED_WAITS], preempted = counts[SCHED_PREEMPTED];

	return waits > preempted ? waits - preempted : 0;
}
