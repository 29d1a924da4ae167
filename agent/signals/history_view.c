/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept as a snapshot: names, units and whose it is, means and points. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/signals/attribution.h"
#include "agent/signals/history_room.h"

/* Less of a mean's weight than this is known: it says nothing about now. */
#define WEIGHT_MIN 0.01f

struct kind {
	const char *name, *unit;
};
static const struct kind of_node[_OF_NODE] = {
	[CPU_BUSY] = { "cpu_busy", "ratio" },
	[RUN_QUEUE_WAIT] = { "run_queue_wait", "seconds_per_second" },
	[RUN_QUEUE_WAIT_P99] = { "run_queue_wait_p99", "seconds" },
	[SWITCHES] = { "switches", "per_second" },
	[PAGE_FILLS] = { "page_fills", "pages_per_second" },
	[DEMAND_MISSES] = { "demand_misses", "per_second" },
	[MEMORY_AVAILABLE] = { "memory_available", "bytes" },
	[CPU_PRESSURE] = { "pressure_cpu", "ratio" },
	[MEMORY_PRESSURE] = { "pressure_memory", "ratio" },
	[IO_PRESSURE] = { "pressure_io", "ratio" },
	[NETWORK_RECEIVED] = { "network_received", "bytes_per_second" },
	[NETWORK_SENT] = { "network_sent", "bytes_per_second" },
};
static const struct kind of_disk[_OF_DISK] = {
	[DISK_BYTES] = { "disk_bytes", "bytes_per_second" },
	[DISK_IOS] = { "disk_ios", "per_second" },
	[DISK_DEVICE_P99] = { "disk_device_p99", "seconds" },
};
static const struct kind of_cgroup[_OF_CGROUP] = {
	[CGROUP_RUN] = { "cgroup_run", "seconds_per_second" },
	[CGROUP_WAIT] = { "cgroup_wait", "seconds_per_second" },
	[CGROUP_DISK_BYTES] = { "cgroup_disk_bytes", "bytes_per_second" },
};

static const struct kind *kind_of(size_t series)
{
	if (series >= FIRST_CGROUP)
		return &of_cgroup[(series - FIRST_CGROUP) % _OF_CGROUP];
	if (series >= FIRST_DISK)
		return &of_disk[(series - FIRST_DISK) % _OF_DISK];
	return &of_node[series];
}

/* NULL: the node's own. */
static const struct history_place *place_of(const struct history *h, size_t series)
{
	if (series >= FIRST_CGROUP)
		return &h->cgroups[(series - FIRST_CGROUP) / _OF_CGROUP];
	if (series >= FIRST_DISK)
		return &h->disks[(series - FIRST_DISK) / _OF_DISK];
	return NULL;
}

static bool is_wanted(size_t series, const char *prefix)
{
	return !strncmp(kind_of(series)->name, prefix, strlen(prefix));
}

static bool is_shown(const struct history *h, size_t series, const char *prefix)
{
	const struct history_place *p = place_of(h, series);

	return is_wanted(series, prefix) && (!p || p->key);
}

static struct history_whose whose(size_t series, const struct history_place *p)
{
	struct history_whose ret = { 0 };
	struct attribution a;

	if (p && series < FIRST_CGROUP) {
		if (p->name[0])
			snprintf(ret.disk, sizeof(ret.disk), "%.*s", DISK_NAME_MAX - 1, p->name);
		else
			snprintf(ret.disk, sizeof(ret.disk), "%llu:%llu",
				 (unsigned long long)p->key >> 20,
				 (unsigned long long)p->key & 0xfffff);
	} else if (p) {
		if (p->name[0])
			snprintf(ret.cgroup, sizeof(ret.cgroup), "%s", p->name);
		else
			snprintf(ret.cgroup, sizeof(ret.cgroup), "(gone, id %llu)",
				 (unsigned long long)p->key);
		a = attribute(p->name);
		memcpy(ret.pod, a.pod, sizeof(ret.pod));
		memcpy(ret.container, a.container, sizeof(ret.container));
		memcpy(ret.unit, a.unit, sizeof(ret.unit));
	}
	return ret;
}

static void show(const struct history *h, size_t series, struct history_snapshot *to, size_t n)
{
	struct series_snapshot *ret = &to->series[n];
	const struct series *from = &h->series[series];

	*ret = (struct series_snapshot){ .name = kind_of(series)->name,
					 .unit = kind_of(series)->unit,
					 .whose = whose(series, place_of(h, series)) };
	for (int i = 0; i < HISTORY_MEANS; i++)
		ret->means[i] = from->means[i].weight < WEIGHT_MIN
					? NAN
					: from->means[i].sum / from->means[i].weight;
	for (size_t i = 0; i < to->points; i++)
		to->values[n * to->points + i] =
			from->points[(h->second - to->points + i) % HISTORY_POINTS];
}

int history_view(const struct history *h, const char *prefix, size_t points, uint64_t now_boot_ns,
		 uint64_t now_wall_ns, struct history_snapshot **ret)
{
	size_t there = h->closed < HISTORY_POINTS ? h->closed : HISTORY_POINTS;
	size_t wanted = 0, shown = 0;
	struct history_snapshot *s;
	int r;

	for (size_t i = 0; i < SERIES; i++) {
		wanted += is_wanted(i, prefix);
		shown += is_shown(h, i, prefix);
	}
	if (!wanted)
		return -EINVAL;
	r = history_snapshot_new(&s, shown, points < there ? points : there);
	if (r)
		return r;
	s->step_ns = HISTORY_STEP_NS;
	s->end_wall_ns = now_wall_ns - (now_boot_ns - h->second * HISTORY_STEP_NS);
	for (size_t i = 0, n = 0; i < SERIES; i++)
		if (is_shown(h, i, prefix))
			show(h, i, s, n++);
	*ret = s;
	return 0;
}
