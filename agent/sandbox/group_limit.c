/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a group; only what differs from what is in force is written. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "agent/sandbox/group.h"
#include "agent/sandbox/group_files.h"
#include "agent/sandbox/group_room.h"

enum { PERIOD_US = 100000 };

static int write_or(const char *folder, const char *file, uint64_t number, const char *none)
{
	return number ? group_write_number(folder, file, number) : group_write(folder, file, none);
}

static int limit_memory(const struct group_place *at, const struct group_limits *l)
{
	const uint64_t both = l->memory_bytes ? l->memory_bytes + l->swap_bytes : 0;
	char swap[32];
	int r;

	if (at->version == 2) {
		r = write_or(at->path, "memory.max", l->memory_bytes, "max");
		snprintf(swap, sizeof(swap), "%" PRIu64, l->swap_bytes);
		/* No swap, no file. */
		(void)group_write(at->path, "memory.swap.max", l->memory_bytes ? swap : "max");
		return r;
	}
	/* This may never be the smaller one: first when limits rise, last when they fall. */
	(void)write_or(at->path, "memory.memsw.limit_in_bytes", both, "-1");
	r = write_or(at->path, "memory.limit_in_bytes", l->memory_bytes, "-1");
	(void)write_or(at->path, "memory.memsw.limit_in_bytes", both, "-1");
	return r;
}

static int limit_cpu(const struct group_place *at, const struct group_limits *l)
{
	uint64_t quota = l->cpu_thousandths * PERIOD_US / 1000;
	char text[48];

	if (at->version == 1)
		return write_or(at->path, "cpu.cfs_quota_us", quota, "-1");
	if (!quota)
		return group_write(at->path, "cpu.max", "max");
	snprintf(text, sizeof(text), "%" PRIu64 " %d", quota, PERIOD_US);
	return group_write(at->path, "cpu.max", text);
}

static int limit_processes(const struct group_place *at, const struct group_limits *l)
{
	return write_or(at->path, "pids.max", l->processes, "max");
}

static const char *or_max(char text[24], uint64_t number)
{
	if (!number)
		return "max";
	snprintf(text, 24, "%" PRIu64, number);
	return text;
}

static int limit_disk_v2(const char *folder, const char *disk, const struct group_limits *l)
{
	char rbps[24], wbps[24], riops[24], wiops[24], text[160];

	snprintf(text, sizeof(text), "%s rbps=%s wbps=%s riops=%s wiops=%s", disk,
		 or_max(rbps, l->read_bytes), or_max(wbps, l->written_bytes),
		 or_max(riops, l->reads), or_max(wiops, l->writes));
	return group_write(folder, "io.max", text);
}

static int limit_disk_v1(const char *folder, const char *disk, const struct group_limits *l)
{
	static const char *const files[] = { "blkio.throttle.read_bps_device",
					     "blkio.throttle.write_bps_device",
					     "blkio.throttle.read_iops_device",
					     "blkio.throttle.write_iops_device" };
	const uint64_t numbers[] = { l->read_bytes, l->written_bytes, l->reads, l->writes };
	char text[64];
	int r = 0;

	for (int i = 0; i < 4 && !r; i++) {
		snprintf(text, sizeof(text), "%s %" PRIu64, disk, numbers[i]); /* 0: none */
		r = group_write(folder, files[i], text);
	}
	return r;
}

static int limit_io(const struct group_place *at, const struct group_host *h,
		    const struct group_limits *l)
{
	char disk[32];
	int r = 0;

	for (size_t i = 0; i < h->disk_count && !r; i++) {
		snprintf(disk, sizeof(disk), "%" PRIu32 ":%" PRIu32, h->disks[i].major,
			 h->disks[i].minor);
		r = at->version == 2 ? limit_disk_v2(at->path, disk, l)
				     : limit_disk_v1(at->path, disk, l);
		if (r == -ENODEV || r == -ENXIO)
			r = 0; /* it was pulled out since */
	}
	return r;
}

static int limit_one(const struct sandbox_group *g, enum group_controller c,
		     const struct group_limits *l)
{
	struct group_place at;

	if (!group_place_of(g, c, &at))
		return -ENOENT;
	switch (c) {
	case GROUP_MEMORY:
		return limit_memory(&at, l);
	case GROUP_CPU:
		return limit_cpu(&at, l);
	case GROUP_PIDS:
		return limit_processes(&at, l);
	default:
		return limit_io(&at, g->host, l);
	}
}

static bool limits_io(const struct group_limits *l)
{
	return l->read_bytes || l->written_bytes || l->reads || l->writes;
}

static bool differs(enum group_controller c, const struct group_limits *a,
		    const struct group_limits *b)
{
	switch (c) {
	case GROUP_MEMORY:
		return a->memory_bytes != b->memory_bytes || a->swap_bytes != b->swap_bytes;
	case GROUP_CPU:
		return a->cpu_thousandths != b->cpu_thousandths;
	case GROUP_PIDS:
		return a->processes != b->processes;
	case GROUP_IO:
		return a->read_bytes != b->read_bytes || a->written_bytes != b->written_bytes ||
		       a->reads != b->reads || a->writes != b->writes;
	default:
		return false;
	}
}

static int change_one(struct sandbox_group *g, enum group_controller c,
		      const struct group_limits *l)
{
	const struct group_base *base;
	int r = limit_one(g, c, l);

	if (r != -ENOENT || g->host->at[c] < 0)
		return r;
	base = &g->host->bases[g->host->at[c]];
	(void)group_host_make_base(base); /* it was made with fewer controllers on */
	r = limit_one(g, c, l);
	return r == -ENOENT && base->version == 2 ? -EBUSY : r;
}

int group_set_limits(struct sandbox_group *g, const struct group_limits *wanted)
{
	int r = 0, done = 0;

	if (limits_io(wanted) && differs(GROUP_IO, &g->now, wanted))
		group_host_find_disks(g->host);
	for (; done < _GROUP_CONTROLLER_MAX && !r; done++)
		if (differs(done, &g->now, wanted))
			r = change_one(g, done, wanted);
	if (!r) {
		g->now = *wanted;
		return 0;
	}
	while (done--)
		if (differs(done, &g->now, wanted))
			(void)limit_one(g, done, &g->now);
	return r;
}
