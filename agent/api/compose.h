/* SPDX-License-Identifier: Apache-2.0 */
/* compose: a snapshot of what was counted between two samples, with names for the numbers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup_names;
struct cgroup_snapshot;
struct disk_table;
struct sample;
struct snapshot;

/* A walk of a tree costs about 4 us a cgroup: snapshots share one a second. */
struct compose_names {
	struct cgroup_names *cgroups; /* NULL: no cgroup2 here */
	struct cgroup_names *blkio; /* of disk I/O, where that is a v1 hierarchy; NULL: the same */
	uint64_t walked_ns;         /* when a snapshot last walked them */
};

/* then may be now: only totals are wanted.  disks: of this moment.  cpus: possible ones.  -ESTALE when counters ran backwards, -ENOMEM. */
int compose_between(struct snapshot **ret, struct compose_names *names,
		    const struct disk_table *disks, size_t cpus, const struct sample *then,
		    const struct sample *now);

/* Adds a cgroup, with whose it is by its path, to a snapshot that has room for it. */
struct cgroup_snapshot *compose_cgroup(struct snapshot *s, uint64_t id, const char *path);
