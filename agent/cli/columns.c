/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/columns.h"

#include <math.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/cli/label.h"
#include "agent/cli/table.h"
#include "agent/snapshot/snapshot.h"

#define ROWS(of) .columns = (of), .column_count = sizeof(of) / sizeof((of)[0])

double snapshot_seconds(const struct snapshot *s)
{
	return s->window_ns ? (double)s->window_ns / (double)NS_PER_SEC : 1;
}

static double rate(const struct snapshot *s, uint64_t n)
{
	return (double)n / snapshot_seconds(s);
}

static double mean(uint64_t sum, uint64_t n)
{
	return n ? (double)sum / (double)n : 0;
}

/* Two lists may use one number for two things, and a name alone is no number. */
static uint64_t name_hash(const char *text)
{
	uint64_t h = 14695981039346656037ull; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211ull;
	return h;
}

/* --- cgroups --- */

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

static bool cgroup_matches(const struct snapshot *s, size_t row, const char *text)
{
	const struct cgroup_snapshot *c = cgroup(s, row);

	return strcasestr(c->path, text) || strcasestr(c->pod, text) ||
	       strcasestr(c->container, text) || strcasestr(c->unit, text);
}

static double cgroup_waits(const struct snapshot *s, size_t row)
{
	return rate(s, cgroup(s, row)->sched[SCHED_WAITS]);
}

static double cgroup_waited(const struct snapshot *s, size_t row)
{
	return rate(s, cgroup(s, row)->sched[SCHED_WAIT_NS]);
}

static double cgroup_mean(const struct snapshot *s, size_t row)
{
	return mean(cgroup(s, row)->sched[SCHED_WAIT_NS], cgroup(s, row)->sched[SCHED_WAITS]);
}

static double cgroup_ran(const struct snapshot *s, size_t row)
{
	return rate(s, cgroup(s, row)->sched[SCHED_RUN_NS]);
}

static double cgroup_moved(const struct snapshot *s, size_t row)
{
	const uint64_t *n = cgroup(s, row)->sched;

	return rate(s, n[SCHED_MOVED_NEAR] + n[SCHED_MOVED_CACHE] + n[SCHED_MOVED_NODE]);
}

static double cgroup_preempted(const struct snapshot *s, size_t row)
{
	return rate(s, cgroup(s, row)->sched[SCHED_PREEMPTED]);
}

static double cgroup_started(const struct snapshot *s, size_t row)
{
	return rate(s, cgroup(s, row)->sched[SCHED_STARTED]);
}

static double cgroup_p99(const struct snapshot *s, size_t row)
{
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
	return rate(s, snapshot_share(s, cgroup(s, row)->number, DISK_READ).bytes);
}

static double cgroup_written(const struct snapshot *s, size_t row)
{
	return rate(s, snapshot_share(s, cgroup(s, row)->number, DISK_WRITE).bytes);
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
	return rate(s, ios);
}

static double cgroup_fills(const struct snapshot *s, size_t row)
{
	return cgroup_cache(s, row, CACHE_FILLS);
}

static double cgroup_execs(const struct snapshot *s, size_t row)
{
	return rate(s, cgroup(s, row)->sched[SCHED_EXECS]);
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
	       cgroup_ios(s, row) == 0;
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

/* --- CPUs --- */

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

	return rate(s, hist_count(&h));
}

static double cpu_waited(const struct snapshot *s, size_t row)
{
	return rate(s, cpu_wait(s, row).sum_ns);
}

static double cpu_count(const struct snapshot *s, size_t row, enum sched_count what)
{
	uint64_t sum = 0;

	if (row != ROW_ALL)
		return rate(s, s->cpus[row].sched[what]);
	for (size_t i = 0; i < s->cpu_count; i++)
		sum += s->cpus[i].sched[what];
	return rate(s, sum);
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

	return mean(h.sum_ns, hist_count(&h));
}

static double cpu_quantile(const struct snapshot *s, size_t row, double q)
{
	struct hist h = cpu_wait(s, row);

	return (double)hist_quantile_ns(&h, q);
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
	return row != ROW_ALL && !s->cpus[row].online && cpu_waits(s, row) == 0;
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

/* --- disks --- */

static const struct disk_snapshot *disk(const struct snapshot *s, size_t row)
{
	return &s->disks[row];
}

static size_t disk_rows(const struct snapshot *s)
{
	return s->disk_count;
}

static const char *disk_label(const struct snapshot *s, size_t row, char ret[LISTING_NAME_MAX])
{
	snprintf(ret, LISTING_NAME_MAX, "%s", disk(s, row)->name);
	return ret;
}

static uint64_t disk_identity(const struct snapshot *s, size_t row)
{
	return name_hash(disk(s, row)->name);
}

static bool disk_matches(const struct snapshot *s, size_t row, const char *text)
{
	return strcasestr(disk(s, row)->name, text);
}

static double disk_reads(const struct snapshot *s, size_t row)
{
	return rate(s, disk(s, row)->op[DISK_READ].ios);
}

static double disk_read(const struct snapshot *s, size_t row)
{
	return rate(s, disk(s, row)->op[DISK_READ].bytes);
}

static double disk_writes(const struct snapshot *s, size_t row)
{
	return rate(s, disk(s, row)->op[DISK_WRITE].ios);
}

static double disk_written(const struct snapshot *s, size_t row)
{
	return rate(s, disk(s, row)->op[DISK_WRITE].bytes);
}

static double disk_quantile(const struct snapshot *s, size_t row, bool queued, double q)
{
	struct hist times = { 0 };

	for (int op = 0; op < _DISK_OP_MAX; op++)
		hist_add(&times,
			 queued ? &disk(s, row)->op[op].queue : &disk(s, row)->op[op].device);
	return (double)hist_quantile_ns(&times, q);
}

static double disk_p50(const struct snapshot *s, size_t row)
{
	return disk_quantile(s, row, false, 0.5);
}

static double disk_p99(const struct snapshot *s, size_t row)
{
	return disk_quantile(s, row, false, 0.99);
}

static double disk_queued(const struct snapshot *s, size_t row)
{
	return disk_quantile(s, row, true, 0.99);
}

static double disk_now(const struct snapshot *s, size_t row)
{
	return disk(s, row)->known ? (double)disk(s, row)->in_flight : (double)NAN;
}

static double disk_others(const struct snapshot *s, size_t row)
{
	return rate(s, disk(s, row)->op[DISK_DISCARD].ios + disk(s, row)->op[DISK_FLUSH].ios);
}

static double disk_errors(const struct snapshot *s, size_t row)
{
	uint64_t errors = 0;

	for (int op = 0; op < _DISK_OP_MAX; op++)
		errors += disk(s, row)->op[op].errors;
	return rate(s, errors);
}

static bool disk_is_rest(const struct snapshot *s, size_t row)
{
	return !strcmp(disk(s, row)->name, OTHER);
}

static bool disk_is_quiet(const struct snapshot *s, size_t row)
{
	const struct disk_snapshot *d = disk(s, row);
	uint64_t n = d->known ? d->in_flight : 0;

	for (int op = 0; op < _DISK_OP_MAX; op++)
		n += d->op[op].ios + d->op[op].completed + hist_count(&d->op[op].device);
	return !n;
}

static bool disk_spread(const struct snapshot *s, size_t row, size_t at, struct hist *ret,
			char title[SPREAD_TITLE])
{
	size_t op = at / 2;

	if (op >= _DISK_OP_MAX)
		return false;
	*ret = at % 2 ? disk(s, row)->op[op].queue : disk(s, row)->op[op].device;
	snprintf(title, SPREAD_TITLE, at % 2 ? "%s, in the queue" : "%s, on the device",
		 disk_op_names[op]);
	return true;
}

static const char *disk_missing(const struct snapshot *s)
{
	return s->disks_measured ? NULL : "disks are not measured: `fairlead doctor` says why";
}

static const struct column disk_columns[] = {
	{ "reads", "reads/s", 8, 2, COLUMN_COUNT, disk_reads, "requests to read" },
	{ "read", "read/s", 9, 0, COLUMN_BYTES, disk_read, "bytes read" },
	{ "writes", "writes/s", 8, 2, COLUMN_COUNT, disk_writes, "requests to write" },
	{ "written", "written/s", 9, 0, COLUMN_BYTES, disk_written, "bytes written" },
	{ "p50", "p50 <", 8, 3, COLUMN_TIME, disk_p50, "half took less time on the device" },
	{ "p99", "p99 <", 8, 1, COLUMN_TIME, disk_p99, "99 of 100 took less time on it" },
	{ "now", "now", 6, 3, COLUMN_COUNT, disk_now, "requests in flight" },
	{ "queued", "queue p99", 9, 4, COLUMN_TIME, disk_queued,
	  "99 of 100 waited less before it" },
	{ "others", "others/s", 8, 5, COLUMN_COUNT, disk_others, "discards and flushes" },
	{ "errors", "errors/s", 8, 5, COLUMN_COUNT, disk_errors, "requests that failed" },
};

/* --- network interfaces --- */

static const struct interface *interface(const struct snapshot *s, size_t row)
{
	return &s->network.interfaces[row];
}

static size_t interface_rows(const struct snapshot *s)
{
	return s->network.count;
}

static const char *interface_name(const struct snapshot *s, size_t row, char ret[LISTING_NAME_MAX])
{
	snprintf(ret, LISTING_NAME_MAX, "%s", interface(s, row)->name);
	return ret;
}

static uint64_t interface_identity(const struct snapshot *s, size_t row)
{
	return name_hash(interface(s, row)->name);
}

static bool interface_matches(const struct snapshot *s, size_t row, const char *text)
{
	return strcasestr(interface(s, row)->name, text);
}

static double interface_in(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->received.bytes);
}

static double interface_in_packets(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->received.packets);
}

static double interface_out(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->sent.bytes);
}

static double interface_out_packets(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->sent.packets);
}

static double interface_dropped(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->received.dropped + interface(s, row)->sent.dropped);
}

static double interface_errors(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->received.errors + interface(s, row)->sent.errors);
}

static bool interface_is_quiet(const struct snapshot *s, size_t row)
{
	return interface_in_packets(s, row) + interface_out_packets(s, row) +
		       interface_dropped(s, row) + interface_errors(s, row) ==
	       0;
}

static const struct column interface_columns[] = {
	{ "received", "received/s", 10, 0, COLUMN_BYTES, interface_in, "bytes that came in" },
	{ "in", "packets/s", 9, 1, COLUMN_COUNT, interface_in_packets, "packets that came in" },
	{ "sent", "sent/s", 9, 0, COLUMN_BYTES, interface_out, "bytes that went out" },
	{ "out", "packets/s", 9, 1, COLUMN_COUNT, interface_out_packets, "packets that went out" },
	{ "dropped", "dropped/s", 9, 2, COLUMN_COUNT, interface_dropped, "packets dropped" },
	{ "errors", "errors/s", 8, 2, COLUMN_COUNT, interface_errors, "packets in error" },
};

/* --- tasks that waited long --- */

static const struct waiter_snapshot *waiter(const struct snapshot *s, size_t row)
{
	return &s->waiters[row];
}

static size_t waiter_rows(const struct snapshot *s)
{
	return s->waiter_count;
}

static const char *waiter_name(const struct snapshot *s, size_t row, char ret[LISTING_NAME_MAX])
{
	const struct waiter_snapshot *w = waiter(s, row);
	const struct cgroup_snapshot *c = snapshot_cgroup(s, w->cgroup);

	if (w->thread)
		snprintf(ret, LISTING_NAME_MAX, "%s[%u] %.440s", w->name, w->thread,
			 c ? c->path : "");
	else
		snprintf(ret, LISTING_NAME_MAX, "(others)");
	return ret;
}

/* Whoever is cut, it is not the task's name. */
static const char *waiter_label(const struct snapshot *s, size_t row, size_t width,
				char ret[LISTING_NAME_MAX])
{
	const struct waiter_snapshot *w = waiter(s, row);
	const struct cgroup_snapshot *c = snapshot_cgroup(s, w->cgroup);
	char path[LABEL_MAX], shown[LISTING_NAME_MAX];
	size_t used;

	if (!w->thread || !c)
		return waiter_name(s, row, ret);
	used = (size_t)snprintf(ret, LISTING_NAME_MAX, "%s[%u] ", w->name, w->thread);
	used = used < width ? width - used : 0;
	label_cgroup(c, used, path);
	table_tail(shown, sizeof(shown), path, used);
	snprintf(ret, LISTING_NAME_MAX, "%s[%u] %.440s", w->name, w->thread, shown);
	return ret;
}

static uint64_t waiter_identity(const struct snapshot *s, size_t row)
{
	return waiter(s, row)->thread;
}

static bool waiter_matches(const struct snapshot *s, size_t row, const char *text)
{
	char name[LISTING_NAME_MAX];

	for (size_t i = 0; i < s->cgroup_count; i++)
		if (s->cgroups[i].number == waiter(s, row)->cgroup && cgroup_matches(s, i, text))
			return true;
	return strcasestr(waiter_name(s, row, name), text);
}

static double waiter_waits(const struct snapshot *s, size_t row)
{
	return (double)waiter(s, row)->waits;
}

static double waiter_waited(const struct snapshot *s, size_t row)
{
	return (double)waiter(s, row)->wait_ns;
}

static double waiter_longest(const struct snapshot *s, size_t row)
{
	return (double)waiter(s, row)->longest_ns;
}

static bool waiter_is_rest(const struct snapshot *s, size_t row)
{
	return !waiter(s, row)->thread;
}

static bool waiter_is_quiet(const struct snapshot *s, size_t row)
{
	return !waiter(s, row)->waits;
}

static const struct column waiter_columns[] = {
	{ "waited", "waited", 9, 0, COLUMN_TIME, waiter_waited, "in the long waits of the window" },
	{ "waits", "waits", 7, 1, COLUMN_COUNT, waiter_waits, "how many of them" },
	{ "longest", "longest", 9, 0, COLUMN_TIME, waiter_longest, "since its first long wait" },
};

const struct listing listings[_LISTING_MAX] = {
	[LISTING_CGROUPS] = { .heading = "CGROUP",
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
			      .spread = cgroup_spread },
	[LISTING_CPUS] = { .heading = "WAITING FOR A CPU",
			   .name_min = 15,
			   ROWS(cpu_columns),
			   .sorted_by = -1,
			   .rows = cpu_rows,
			   .name = cpu_name,
			   .identity = cpu_identity,
			   .is_quiet = cpu_is_quiet,
			   .matches = cpu_matches,
			   .spread = cpu_spread },
	[LISTING_DISKS] = { .heading = "DISK",
			    .name_min = 12,
			    ROWS(disk_columns),
			    .sorted_by = 1,
			    .rows = disk_rows,
			    .name = disk_label,
			    .identity = disk_identity,
			    .is_quiet = disk_is_quiet,
			    .is_rest = disk_is_rest,
			    .matches = disk_matches,
			    .spread = disk_spread,
			    .missing = disk_missing },
	[LISTING_INTERFACES] = { .heading = "INTERFACE",
				 .name_min = 15,
				 ROWS(interface_columns),
				 .sorted_by = 0,
				 .rows = interface_rows,
				 .name = interface_name,
				 .identity = interface_identity,
				 .is_quiet = interface_is_quiet,
				 .matches = interface_matches },
	[LISTING_WAITERS] = { .heading = "TASK THAT WAITED LONG AT ONCE, CGROUP",
			      .name_min = 20,
			      .long_names = true,
			      ROWS(waiter_columns),
			      .sorted_by = 0,
			      .rows = waiter_rows,
			      .name = waiter_name,
			      .label = waiter_label,
			      .identity = waiter_identity,
			      .is_quiet = waiter_is_quiet,
			      .is_rest = waiter_is_rest,
			      .matches = waiter_matches },
};

const char *listing_label(const struct listing *l, const struct snapshot *s, size_t row,
			  size_t width, char ret[LISTING_NAME_MAX])
{
	return l->label ? l->label(s, row, width, ret) : l->name(s, row, ret);
}

bool listing_find(const struct listing *l, const char *name, int *ret)
{
	if (!strcmp(name, "name")) {
		*ret = -1;
		return true;
	}
	for (size_t i = 0; i < l->column_count; i++)
		if (!strcmp(l->columns[i].name, name)) {
			*ret = (int)i;
			return true;
		}
	return false;
}

/* By rank, until one does not fit: no narrow column of a late rank stands where an early one found
 * no room. */
size_t listing_fit(const struct listing *l, unsigned int width, int kept, size_t ret[COLUMNS_MAX],
		   unsigned int *name_width)
{
	bool shown[COLUMNS_MAX] = { 0 };
	unsigned int used = kept >= 0 ? l->columns[kept].width + 1 : 0;
	unsigned int names = l->long_names && width / 3 > l->name_min ? width / 3 : l->name_min;
	bool full = false;
	size_t n = 0;

	if (kept >= 0)
		shown[kept] = true;
	for (unsigned int rank = 0; rank < COLUMNS_MAX && !full; rank++)
		for (size_t i = 0; i < l->column_count && !full; i++) {
			if (l->columns[i].rank != rank || shown[i])
				continue;
			full = names + used + l->columns[i].width + 1 > width;
			if (!full) {
				shown[i] = true;
				used += l->columns[i].width + 1;
			}
		}
	for (size_t i = 0; i < l->column_count; i++)
		if (shown[i])
			ret[n++] = i;
	*name_width = width > used ? width - used : 0;
	return n;
}

const char *column_format(const struct column *c, double value, char ret[16])
{
	_Static_assert(CELL == 16, "a cell of table.h");

	if (isnan(value)) {
		snprintf(ret, CELL, "?");
		return ret;
	}
	switch (c->unit) {
	case COLUMN_TIME:
		return table_time(ret, (uint64_t)value);
	case COLUMN_BYTES:
		return table_bytes(ret, (uint64_t)value);
	default:
		return table_count(ret, value);
	}
}
