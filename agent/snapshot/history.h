/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: what a few of the node's numbers were second by second, as plain values.  NAN: not
 * known, which is not zero.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/snapshot/snapshot.h"

enum { HISTORY_MEANS = 2 };
extern const unsigned int history_mean_seconds[HISTORY_MEANS]; /* their time constants */

/* Whose series it is; texts that say nothing are "". */
struct history_whose {
	char disk[DISK_NAME_MAX];
	char cgroup[CGROUP_PATH_MAX];
	char pod[37], container[65], unit[128];
};

struct series_snapshot {
	const char *name, *unit; /* in static memory */
	struct history_whose whose;
	float means[HISTORY_MEANS];
};

struct history_snapshot {
	uint64_t end_wall_ns; /* of the last point */
	uint64_t step_ns;
	size_t points;                  /* of each series */
	size_t count;                   /* of series */
	struct series_snapshot *series; /* owned */
	float *values;                  /* points of them a series, oldest first; owned */
};

/* -ENOMEM leaves *ret alone. */
int history_snapshot_new(struct history_snapshot **ret, size_t series, size_t points);
struct history_snapshot *history_snapshot_free(struct history_snapshot *s);
void history_snapshot_freep(struct history_snapshot **s);
