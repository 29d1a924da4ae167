/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of history share: how the memory is laid out.  history.c closes seconds and gives
 * places away, history_interval.c says what came in between two samples, history_view.c shows.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/clock.h"
#include "agent/base/hist.h"
#include "agent/signals/history.h"
#include "agent/snapshot/history.h"

#define HISTORY_STEP_NS NS_PER_SEC

enum of_node {
	CPU_BUSY,
	RUN_QUEUE_WAIT,
	RUN_QUEUE_WAIT_P99,
	SWITCHES,
	PAGE_FILLS,
	DEMAND_MISSES,
	MEMORY_AVAILABLE,
	CPU_PRESSURE, /* the three as enum pressure_of has them */
	MEMORY_PRESSURE,
	IO_PRESSURE,
	NETWORK_RECEIVED,
	NETWORK_SENT,
	_OF_NODE
};
enum of_disk { DISK_BYTES, DISK_IOS, DISK_DEVICE_P99, _OF_DISK };
enum of_cgroup { CGROUP_RUN, CGROUP_WAIT, CGROUP_DISK_BYTES, _OF_CGROUP };

#define FIRST_DISK   ((size_t)_OF_NODE)
#define FIRST_CGROUP (FIRST_DISK + (size_t)_OF_DISK * HISTORY_DISKS)
#define SERIES       (FIRST_CGROUP + (size_t)_OF_CGROUP * HISTORY_CGROUPS)

struct series {
	float points[HISTORY_POINTS]; /* of second n at n % HISTORY_POINTS */
	struct {
		float sum, weight;
	} means[HISTORY_MEANS];
	double total, covered; /* of the open second: what came in, seconds that it is of */
};

struct history {
	bool begun;
	uint64_t fed_ns; /* since boot */
	uint64_t second; /* the open one */
	uint64_t closed; /* how many were closed before it */
	struct history_place disks[HISTORY_DISKS], cgroups[HISTORY_CGROUPS];
	struct hist waits,
		device[HISTORY_DISKS]; /* of the open second, each as many times as history.c says */
	struct series series[SERIES];
};
_Static_assert(sizeof(struct history) <= HISTORY_BYTES_MAX, "as the header says");

/* What one interval says. */
struct interval {
	double seconds;
	double value[SERIES]; /* NAN: nothing */
	struct hist waits, device[HISTORY_DISKS];
};

/* Which series is this one of the disk, or of the cgroup, that has the place? */
static inline size_t disk_series(size_t place, enum of_disk what)
{
	return FIRST_DISK + place * _OF_DISK + what;
}

static inline size_t cgroup_series(size_t place, enum of_cgroup what)
{
	return FIRST_CGROUP + place * _OF_CGROUP + what;
}

/* Whose key it is; NULL when nobody has it. */
struct history_place *history_find_place(struct history_place *places, size_t count, uint64_t key);

/* The place of who did so much a second, maybe just given to him; NULL when others did more. */
struct history_place *history_cgroup_place(struct history *h, uint64_t id, double did);
struct history_place *history_disk_place(struct history *h, uint64_t number, double did);

/* Fills in what is known; gives places to whom it meets.  -ENOMEM. */
int history_read_interval(struct history *h, struct interval *i, const struct history_known *known,
			  const struct sample *then, const struct sample *now);
