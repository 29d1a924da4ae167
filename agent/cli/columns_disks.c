/* SPDX-License-Identifier: Apache-2.0 */
/* columns_disks: what a disk was given, and how long it took. */
#include "agent/cli/columns_room.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/snapshot/snapshot.h"

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

const struct listing listing_disks = { .heading = "DISK",
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
				       .missing = disk_missing };
