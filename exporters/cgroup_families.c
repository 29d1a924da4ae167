/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/cgroup_families.h"

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"

static void each_cgroup_cache(snap *s, sink *to, enum cache_count count)
{
	for (size_t i = 0; i < s->cgroup_count; i++)
		if (s->cgroups[i].cache_total[count])
			value(to, LABELS(OF_CGROUP(&s->cgroups[i])),
			      (double)s->cgroups[i].cache_total[count]);
}

#define OF_CGROUP_CACHE(name, count)                                                               \
	void name(snap *s, sink *to)                                                               \
	{                                                                                          \
		each_cgroup_cache(s, to, count);                                                   \
	}
OF_CGROUP_CACHE(cgroup_cache_accesses, CACHE_ACCESSES)
OF_CGROUP_CACHE(cgroup_cache_misses, CACHE_MISSES)
OF_CGROUP_CACHE(cgroup_cache_fills, CACHE_FILLS)
OF_CGROUP_CACHE(cgroup_cache_evictions, CACHE_EVICTIONS)
OF_CGROUP_CACHE(cgroup_cache_dirtied, CACHE_DIRTIED)

void cgroup_wait(snap *s, sink *to)
{
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];

		if (c->sched_total[SCHED_WAITS])
			to->native(to->context, LABELS(OF_CGROUP(c)), c->sched_total[SCHED_WAITS],
				   in_seconds(c->sched_total[SCHED_WAIT_NS]), &c->wait_total);
	}
}

static void each_cgroup(snap *s, sink *to, enum sched_count count)
{
	bool is_time = sched_count_names[count].is_time;

	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];
		uint64_t n = c->sched_total[count];

		if (n)
			value(to, LABELS(OF_CGROUP(c)), is_time ? in_seconds(n) : (double)n);
	}
}

#define OF_SCHED(name, count)                                                                      \
	void name(snap *s, sink *to)                                                               \
	{                                                                                          \
		each_cgroup(s, to, count);                                                         \
	}
OF_SCHED(cgroup_switches, SCHED_WAITS)
OF_SCHED(cgroup_run, SCHED_RUN_NS)

void cgroup_off_cpu(snap *s, sink *to)
{
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];
		const uint64_t *n = c->sched_total;

		if (n[SCHED_SLEPT_NS])
			value(to, LABELS(OF_CGROUP(c), "why", "slept"),
			      in_seconds(n[SCHED_SLEPT_NS]));
		if (n[SCHED_PREEMPTED_NS])
			value(to, LABELS(OF_CGROUP(c), "why", "preempted"),
			      in_seconds(n[SCHED_PREEMPTED_NS]));
	}
}

void cgroup_migrations(snap *s, sink *to)
{
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];
		const uint64_t *n = c->sched_total;
		uint64_t all = n[SCHED_MOVED_NEAR] + n[SCHED_MOVED_CACHE] + n[SCHED_MOVED_NODE];

		if (all)
			value(to, LABELS(OF_CGROUP(c)), (double)all);
	}
}

static void each_share(snap *s, sink *to, bool bytes)
{
	for (size_t i = 0; i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];

		for (int op = 0; op < _DISK_OP_MAX; op++)
			if (c->disks_total[op].ios)
				value(to, LABELS(OF_CGROUP(c), "op", disk_op_names[op]),
				      (double)(bytes ? c->disks_total[op].bytes
						     : c->disks_total[op].ios));
	}
}

void cgroup_ios(snap *s, sink *to)
{
	each_share(s, to, false);
}

void cgroup_bytes(snap *s, sink *to)
{
	each_share(s, to, true);
}
