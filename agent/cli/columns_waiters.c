/* SPDX-License-Identifier: Apache-2.0 */
/* columns_waiters: the tasks that waited long for a CPU at once. */
#include "agent/cli/columns_room.h"

#include <stdio.h>
#include <string.h>

#include "agent/cli/label.h"
#include "agent/cli/table.h"
#include "agent/snapshot/snapshot.h"

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

const struct listing listing_waiters = { .heading = "TASK THAT WAITED LONG AT ONCE, CGROUP",
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
					 .matches = waiter_matches };
