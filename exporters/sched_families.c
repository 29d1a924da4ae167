/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/sched_families.h"

#include <stdio.h>

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"

/* No CPU to tell of while nothing is measured: a zero would say that nobody waited. */
static size_t cpus(snap *s)
{
	return snapshot_measures(s, "sched") ? s->cpu_count : 0;
}

void sched_wait(snap *s, sink *to)
{
	char cpu[16];

	for (size_t i = 0; i < cpus(s); i++) {
		snprintf(cpu, sizeof(cpu), "%u", s->cpus[i].cpu);
		to->distribution(to->context, LABELS("cpu", cpu), &s->cpus[i].wait_total);
	}
}

static void each_cpu(snap *s, sink *to, uint64_t (*of)(const uint64_t *counts),
		     enum sched_count count)
{
	char cpu[16];

	for (size_t i = 0; i < cpus(s); i++) {
		const uint64_t *counts = s->cpus[i].sched_total;
		uint64_t n = of ? of(counts) : counts[count];

		snprintf(cpu, sizeof(cpu), "%u", s->cpus[i].cpu);
		value(to, LABELS("cpu", cpu),
		      sched_count_names[count].is_time ? in_seconds(n) : (double)n);
	}
}

#define OF_CPU(name, of, count)                                                                    \
	void name(snap *s, sink *to)                                                               \
	{                                                                                          \
		each_cpu(s, to, of, count);                                                        \
	}
OF_CPU(sched_switches, NULL, SCHED_SWITCHES)
OF_CPU(sched_preemptions, NULL, SCHED_PREEMPTED)
OF_CPU(sched_wakeups, sched_woken, SCHED_WAITS)
OF_CPU(sched_run, NULL, SCHED_RUN_NS)
OF_CPU(sched_idle, NULL, SCHED_IDLE_NS)

static uint64_t over_cpus(snap *s, enum sched_count count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->cpu_count; i++)
		sum += s->cpus[i].sched_total[count];
	return sum;
}

void sched_off_cpu(snap *s, sink *to)
{
	if (!snapshot_measures(s, "sched"))
		return;
	value(to, LABELS("why", "slept"), in_seconds(over_cpus(s, SCHED_SLEPT_NS)));
	value(to, LABELS("why", "preempted"), in_seconds(over_cpus(s, SCHED_PREEMPTED_NS)));
}

void sched_migrations(snap *s, sink *to)
{
	if (!snapshot_measures(s, "sched"))
		return;
	value(to, LABELS("to", "same_cache"), (double)over_cpus(s, SCHED_MOVED_NEAR));
	value(to, LABELS("to", "other_cache"), (double)over_cpus(s, SCHED_MOVED_CACHE));
	value(to, LABELS("to", "other_node"), (double)over_cpus(s, SCHED_MOVED_NODE));
}

void sched_tasks(snap *s, sink *to)
{
	if (!snapshot_measures(s, "sched"))
		return;
	value(to, LABELS("event", "started"), (double)over_cpus(s, SCHED_STARTED));
	value(to, LABELS("event", "exited"), (double)over_cpus(s, SCHED_EXITED));
	value(to, LABELS("event", "exec"), (double)over_cpus(s, SCHED_EXECS));
}

void sched_queued(snap *s, sink *to)
{
	char cpu[16];

	for (size_t i = 0; i < cpus(s); i++) {
		snprintf(cpu, sizeof(cpu), "%u", s->cpus[i].cpu);
		value(to, LABELS("cpu", cpu), s->cpus[i].queued);
	}
}
