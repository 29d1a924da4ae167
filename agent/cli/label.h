/* SPDX-License-Identifier: Apache-2.0 */
/* label: what a cgroup is called where its path is too long to be told from others by its end. */
#pragma once
#include <stddef.h>

struct cgroup_snapshot;

#define LABEL_MAX 512 /* the longest path */

/*
 * The path where it fits in `width` columns, or where it tells of no pod and no container; else
 * "pod 6f0c4a1e 1b3f5e7a9c0d/below": as much of their ids as people use.  Returns ret.
 */
const char *label_cgroup(const struct cgroup_snapshot *c, size_t width, char ret[LABEL_MAX]);
