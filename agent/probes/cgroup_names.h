/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_names: which path a cgroup id means.  The id is the inode of the cgroup's folder in
 * the hierarchy, wherever that is mounted, so a walk of the folders knows them all.  Where there
 * are several mounts of it, as in a container that was given the host's, the one that shows most.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup_names;

/*
 * root: "" for this machine, or a folder that stands for it in a test.  controller: NULL for the
 * cgroup2 hierarchy, or the name of one whose v1 hierarchy is meant.  -ENODEV: it is not mounted.
 */
int cgroup_names_new(struct cgroup_names **ret, const char *root, const char *controller);
struct cgroup_names *cgroup_names_free(struct cgroup_names *n);

/* Walks the hierarchy anew. */
int cgroup_names_refresh(struct cgroup_names *n);

/*
 * The path in the hierarchy or, of a namespace, below its root ("/" for that); NULL when it is
 * not there (any more).
 */
const char *cgroup_names_find(const struct cgroup_names *n, uint64_t id);

/* All that the last walk saw, oldest first as a rule: i below the count. */
size_t cgroup_names_count(const struct cgroup_names *n);
const char *cgroup_names_at(const struct cgroup_names *n, size_t i, uint64_t *id);

/* Such a path, as it lies below the mount ("/" for that itself). */
const char *cgroup_names_below(const struct cgroup_names *n, const char *path);

/* Is it the whole hierarchy that is mounted, and not a namespace or a part of it? */
bool cgroup_names_from_root(const struct cgroup_names *n);

/* Did the last walk see all of the node's tree?  Else an unknown cgroup may well be alive. */
bool cgroup_names_whole(const struct cgroup_names *n);
const char *cgroup_names_mount(const struct cgroup_names *n);
