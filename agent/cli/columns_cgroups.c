/* SPDX-License-Identifier: Apache-2.0 */
/* columns_cgroups: what a cgroup did. */
#include "agent/cli/columns_room.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/cli/label.h"
#include "agent/snapshot/snapshot.h"

static const struct cgroup_snapshot *cgroup(const struct snapshot *s, size_t row)
{
	return &s->cgroups[row];
}

static size_t cgroup_rows(const struct snapshot *s)
{
	return s->cgroup_count;
}

static const char *cgroup_name(const struct snapshot *s, size_t row, char ret[LISTING_NAME_MAX])
{
	snprintf(ret, LISTING_NAME_MAX, "%s", cgroup(s, row)->path);
	return ret;
}

static const char *cgroup_label(const struct snapshot *s, size_t row, size_t width,
				char ret[LISTING_NAME_MAX])
{
	return label_cgroup(cgroup(s, row), width, ret);
}

static uint64_t cgroup_identity(const struct snapshot *s, size_t row)
{
	return cgroup(s, row)->id ? cgroup(s, row)->id : name_hash(cgroup(s, row)->path);
}

bool cgroup_matches(const struct snapshot *s, size_t row, const char *text)
{
	const struct cgroup_snapshot *c = cgroup(s, row);

	return strcasestr(c->path, text) || strcasestr(c->pod, text) ||
	       strcasestr(c->container, text) || strcasestr(c->unit, text);
}

static double cgroup_waits(const struct snapshot *s, size_t row)
{
	return rate_of(s, "sched", cgroup(s, row)->sched[SCHED_WAITS]);
}

static double cgroup_waited(const struct snapshot *s, size_t row)
{
	return rate_of(s, "sched", cgroup(s, row)->sched[SCHED_WAIT_NS]);
}

static double cgroup_mean(const struct snapshot *s, size_t row)
{
	if (!snapshot_measures(s, "sched"))
		return (double)NAN;
	return mean(cgroup(s, row)->sched[SCHED_WAIT_NS], cgroup(s, row)->sched[SCHED_WAITS]);
}

static double cgroup_ran(const struct snapshot *s, size_t row)
{
	return rate_of(s, "sched", cgroup(s, row)->sched[SCHED_RUN_NS]);
}

static double cgroup_moved(const struct snapshot *s, size_t row)
{
	const uint64_t *n = cgroup(s, row)->sched;

	return rate_of(s, "sched",
		       n[SCHED_MOVED_NEAR] + n[SCHED_MOVED_CACHE] + n[SCHED_MOVED_NODE]);
}

static double cgroup_preempted(const struct snapshot *s, size_t row)
{
	return rate_of(s, "sched", cgroup(s, row)->sched[SCHED_PREEMPTED]);
}

static double cgroup_started(const struct snapshot *s, size_t row)
{
	return rate_of(s, "sched", cgroup(s, row)->sched[SCHED_STARTED]);
}

static double cgroup_p99(const struct snapshot *s, size_t row)
{
	if (!snapshot_measures(s, "sched"))
		return (double)NAN;
	return (double)hist_quantile_ns(&cgroup(s, row)->wait, 0.99);
}

static bool cgroup_spread(const struct snapshot *s, size_t row, size_t at, struct hist *ret,
			  char title[SPREAD_TITLE])
{
	if (at)
		return false;
	*ret = cgroup(s, row)->wait;
	snprintf(title, SPREAD_TITLE, "waits for a CPU");
	return true;
}

static double cgroup_read(const struct snapshot *s, size_t row)
{
	return rate_of(s, "disk", snapshot_share(s, cgroup(s, row)->number, DISK_READ).bytes);
}

static double cgroup_written(const struct snapshot *s, size_t row)
{
	return rate_of(s, "disk", snapshot_share(s, cgroup(s, row)->number, DISK_WRITE).bytes);
}

static double cgroup_cache(const struct snapshot *s, size_t row, enum cache_count what)
{
	return s->cache_measured ? rate(s, cgroup(s, row)->cache[what]) : (double)NAN;
}

static double cgroup_misses(const struct snapshot *s, size_t row)
{
	return cgroup_cache(s, row, CACHE_MISSES);
}

static double cgroup_dirtied(const struct snapshot *s, size_t row)
{
	return cgroup_cache(s, row, CACHE_DIRTIED);
}

static double cgroup_ios(const struct snapshot *s, size_t row)
{
	uint64_t ios = 0;

	for (int op = 0; op < _DISK_OP_MAX; op++)
		ios += snapshot_share(s, cgroup(s, row)->number, (enum disk_op)op).ios;
	return rate_of(s, "disk", ios);
}

static double cgroup_fills(const struct snapshot *s, size_t row)
{
	return cgroup_cache(s, row, CACHE_FILLS);
}

static double cgroup_execs(const struct snapshot *s, size_t row)
{
	return rate_of(s, "sched", cgroup(s, row)->sched[SCHED_EXECS]);
}

/* As long as there is the cgroup: a kill is seldom, and its reason stays. */
static double cgroup_killed(const struct snapshot *s, size_t row)
{
	const struct cgroup_use *use = &cgroup(s, row)->use_total;

	return use->version[USE_MEMORY] ? (double)use->memory.oom_kills : (double)NAN;
}

static bool cgroup_is_rest(const struct snapshot *s, size_t row)
{
	return !strcmp(cgroup(s, row)->path, OTHER);
}

static bool cgroup_is_quiet(const struct snapshot *s, size_t row)
{
	return !cgroup(s, row)->sched[SCHED_WAITS] && !cgroup(s, row)->sched[SCHED_RUN_NS] &&
	       !(cgroup_ios(s, row) > 0); /* nor where that is not known */
}

static const struct column cgroup_columns[] = {
	{ "ran", "ran/s", 8, 1, COLUMN_TIME, cgroup_ran, "time that tasks ran on CPUs" },
	{ "waits", "waits/s", 8, 3, COLUMN_COUNT, cgroup_waits, "times a task waited for a CPU" },
	{ "waited", "waited/s", 9, 0, COLUMN_TIME, cgroup_waited,
	  "time that tasks waited for one" },
	{ "mean", "mean", 8, 4, COLUMN_TIME, cgroup_mean, "a wait on average" },
	{ "p99", "p99 <", 8, 5, COLUMN_TIME, cgroup_p99, "99 of 100 waits were shorter" },
	{ "read", "read/s", 9, 2, COLUMN_BYTES, cgroup_read, "bytes read from disks" },
	{ "written", "written/s", 9, 2, COLUMN_BYTES, cgroup_written, "bytes written to disks" },
	{ "ios", "I/Os/s", 8, 6, COLUMN_COUNT, cgroup_ios, "requests to disks of any kind" },
	{ "misses", "misses/s", 8, 7, COLUMN_COUNT, cgroup_misses,
	  "reads that the page cache lacked" },
	{ "dirtied", "dirtied/s", 9, 8, COLUMN_COUNT, cgroup_dirtied,
	  "pages changed that were clean" },
	{ "preempted", "preempt/s", 9, 7, COLUMN_COUNT, cgroup_preempted,
	  "times another took the CPU" },
	{ "moved", "moved/s", 8, 7, COLUMN_COUNT, cgroup_moved,
	  "times a task went to another CPU" },
	{ "started", "started/s", 9, 8, COLUMN_COUNT, cgroup_started, "tasks, threads too" },
	{ "execs", "execs/s", 8, 8, COLUMN_COUNT, cgroup_execs, "programs that were run" },
	{ "fills", "fills/s", 8, 8, COLUMN_COUNT, cgroup_fills, "pages put into the page cache" },
	{ "killed", "killed", 6, 9, COLUMN_COUNT, cgroup_killed, "for want of memory, ever" },
};

const struct listing listing_cgroups = { .heading = "CGROUP",
					 .name_min = 20,
					 .long_names = true,
					 ROWS(cgroup_columns),
					 .sorted_by = 2,
					 .rows = cgroup_rows,
					 .name = cgroup_name,
					 .label = cgroup_label,
					 .identity = cgroup_identity,
					 .is_quiet = cgroup_is_quiet,
					 .is_rest = cgroup_is_rest,
					 .matches = cgroup_matches,
					 .spread = cgroup_spread };
