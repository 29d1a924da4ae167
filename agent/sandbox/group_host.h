/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_host: where on this machine groups can be made: each controller in version 2 where it is
 * there, else in version 1.  For root that is a folder at the root of each hierarchy, beside the
 * groups of the system.  For others it is in the part of version 2 that was delegated to them:
 * beside our own group where that is a leaf of it, else below it, where the kernel gives limits
 * only if our group holds no process.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum group_controller {
	GROUP_MEMORY,
	GROUP_CPU,
	GROUP_PIDS,
	GROUP_IO,
	GROUP_TIME, /* CPU time used; part of any group in version 2 */
	_GROUP_CONTROLLER_MAX
};

enum { GROUP_BASES = 6, GROUP_PATH = 192, GROUP_MAKER = 64, GROUP_DISKS = 128 };

struct group_host {
	struct group_base {
		char path[GROUP_PATH];
		int version;
	} bases[GROUP_BASES]; /* version 2, if it is there, first; none exists before a group does */
	size_t base_count;
	int at[_GROUP_CONTROLLER_MAX]; /* whose base, or -1 */
	char maker[GROUP_MAKER];       /* us, unmistakably: pid, start, pid namespace */
	struct group_disk {
		uint32_t major, minor;
	} disks[GROUP_DISKS]; /* whole disks that lie on no other: not loop, ram, zram, dm, md */
	size_t disk_count;
};

/* By the process that makes the groups.  0 or -errno; no hierarchy at all is no error. */
int group_host_find(struct group_host *ret);

/*
 * Leaves only the hierarchies that these limits need, as each one costs: for a group that is used
 * once, and whose usage nobody asks for but what is counted beside a limit.
 */
struct group_limits;
void group_host_narrow(struct group_host *h, const struct group_limits *limits);

/* Anew: disks come and go.  More than GROUP_DISKS are left out. */
void group_host_find_disks(struct group_host *h);

/* Makes the base and, in version 2, turns the controllers on as far as may be. */
int group_host_make_base(const struct group_base *base);

/* Whether who made what bears this name is gone; false where that cannot be told. */
bool group_host_maker_is_gone(const struct group_host *h, const char *name);
