/* SPDX-License-Identifier: Apache-2.0 */
/* columns_cpus: who ran and waited on a CPU. */
#include "agent/cli/columns_room.h"

#include <stdio.h>
#include <string.h>

#include "agent/snapshot/snapshot.h"

static struct hist cpu_wait(const struct snapshot *s, size_t row)
{
	return row == ROW_ALL ? snapshot_node_wait(s) : s->cpus[row].wait;
}

static size_t cpu_rows(const struct snapshot *s)
{
	return s->cpu_count;
}

static const char *cpu_name(const struct snapshot *s, size_t row, char ret[LISTING_NAME_MAX])
{
	if (row == ROW_ALL)
		snprintf(ret, LISTING_NAME_MAX, "node");
	else
		snprintf(ret, LISTING_NAME_MAX, "cpu%u%s", s->cpus[row].cpu,
			 s->cpus[row].online ? "" : " (offline)");
	return ret;
}

static uint64_t cpu_identity(const struct snapshot *s, size_t row)
{
	return s->cpus[row].cpu;
}

static bool cpu_matches(const struct snapshot *s, size_t row, const char *text)
{
	char name[LISTING_NAME_MAX];

	return strcasestr(cpu_name(s, row, name), text);
}

static double cpu_waits(const struct snapshot *s, size_t row)
{
	struct hist h = cpu_wait(s, row);

	return rate_of(s, "sched", hist_count(&h));
}

static double cpu_waited(const struct snapshot *s, size_t row)
{
	return rate_of(s, "sched", cpu_wait(s, row).sum_ns);
}

static double cpu_count(const struct snapshot *s, size_t row, enum sched_count what)
{
	uint64_t sum = 0;

	if (row != ROW_ALL)
		return rate_of(s, "sched", s->cpus[row].sched[what]);
	for (size_t i = 0; i < s->cpu_count; i++)
		sum += s->cpus[i].sched[what];
	return rate_of(s, "sched", sum);
}

static double cpu_ran(const struct snapshot *s, size_t row)
{
	return cpu_count(s, row, SCHED_RUN_NS);
}

static double cpu_switches(const struct snapshot *s, size_t row)
{
	return cpu_count(s, row, SCHED_SWITCHES);
}

static double cpu_preempted(const struct snapshot *s, size_t row)
{
	return cpu_count(s, row, SCHED_PREEMPTED);
}

static double cpu_mean(const struct snapshot *s, size_t row)
{
	struct hist h = cpu_wait(s, row);

	return snapshot_measures(s, "sched") ? mean(h.sum_ns, hist_count(&h)) : (double)NAN;
}

static double cpu_quantile(const struct snapshot *s, size_t row, double q)
{
	struct hist h = cpu_wait(s, row);

	return snapshot_measures(s, "sched") ? (double)hist_quantile_ns(&h, q) : (double)NAN;
}

static double cpu_p50(const struct snapshot *s, size_t row)
{
	return cpu_quantile(s, row, 0.5);
}

static double cpu_p90(const struct snapshot *s, size_t row)
{
	return cpu_quantile(s, row, 0.9);
}

static double cpu_p99(const struct snapshot *s, size_t row)
{
	return cpu_quantile(s, row, 0.99);
}

static double cpu_max(const struct snapshot *s, size_t row)
{
	return cpu_quantile(s, row, 1);
}

static bool cpu_is_quiet(const struct snapshot *s, size_t row)
{
	return row != ROW_ALL && !s->cpus[row].online && !(cpu_waits(s, row) > 0);
}

static bool cpu_spread(const struct snapshot *s, size_t row, size_t at, struct hist *ret,
		       char title[SPREAD_TITLE])
{
	if (at)
		return false;
	*ret = cpu_wait(s, row);
	snprintf(title, SPREAD_TITLE, "waits for a CPU");
	return true;
}

static const struct column cpu_columns[] = {
	{ "ran", "ran/s", 8, 0, COLUMN_TIME, cpu_ran, "time that tasks ran here" },
	{ "waits", "waits/s", 9, 1, COLUMN_COUNT, cpu_waits, "times a task waited here" },
	{ "waited", "waited/s", 9, 0, COLUMN_TIME, cpu_waited, "time that tasks waited here" },
	{ "p50", "p50 <", 9, 3, COLUMN_TIME, cpu_p50, "half of the waits were shorter" },
	{ "p90", "p90 <", 9, 3, COLUMN_TIME, cpu_p90, "nine of ten were shorter" },
	{ "p99", "p99 <", 9, 2, COLUMN_TIME, cpu_p99, "99 of 100 were shorter" },
	{ "max", "max <", 9, 4, COLUMN_TIME, cpu_max, "all were shorter" },
	{ "mean", "mean", 9, 5, COLUMN_TIME, cpu_mean, "a wait on average" },
	{ "switches", "switch/s", 9, 6, COLUMN_COUNT, cpu_switches, "times it changed the task" },
	{ "preempted", "preempt/s", 9, 7, COLUMN_COUNT, cpu_preempted, "times another took it" },
};

const struct listing listing_cpus = { .heading = "WAITING FOR A CPU",
				      .name_min = 15,
				      ROWS(cpu_columns),
				      .sorted_by = -1,
				      .rows = cpu_rows,
				      .name = cpu_name,
				      .identity = cpu_identity,
				      .is_quiet = cpu_is_quiet,
				      .matches = cpu_matches,
				      .spread = cpu_spread };
