/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: the last ten minutes of the node, a point a second, in memory that is taken once
 * (HISTORY_BYTES_MAX).  Pure: callers bring samples and time.
 *
 * A point is the mean over its second of what the samples say; more than one sample a second
 * are averaged into it, one that reaches over the end of a second is shared by both.  After more
 * than two seconds without a sample the mean since then is the point of the second that it ended
 * in, and those before have none.  There is none either where nothing is known: the machine
 * slept, counters started anew, a subject or a detail is off, nobody waited that a percentile
 * could be of.
 *
 * Beside each series go exponentially weighted means, with time constants T of
 * history_mean_seconds: a mean over dt comes in with 1 - exp(-dt / T), all before it fades by
 * exp(-elapsed / T).  They are divided by their weights, so that neither the start nor a gap
 * pulls them to zero, and are unknown once less than a hundredth of the weight is known.
 *
 * Cgroups and disks have places, which go to whoever does most: who has none takes the place of
 * who did least, when he did twice as much now as the other of late (its peak, fading in a
 * minute).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/snapshot/snapshot.h"

#define HISTORY_POINTS    600 /* of a second */
#define HISTORY_CGROUPS   48
#define HISTORY_DISKS     8
#define HISTORY_BYTES_MAX (480 * 1024)

struct history;
struct history_snapshot;
struct sample;

int history_new(struct history **ret);
struct history *history_free(struct history *h);
void history_freep(struct history **h);
size_t history_bytes(void);

/* What the samples can tell of; the rest has no points meanwhile. */
struct history_known {
	bool sched, cgroups, disk, shares, cache;
};

/*
 * then: the sample before *now, NULL when there is none.  boot_ns: when *now was taken by the
 * clock that goes on in suspend (CLOCK_BOOTTIME).  -ENOMEM: the interval is a gap.
 */
int history_feed(struct history *h, const struct history_known *known, const struct sample *then,
		 const struct sample *now, uint64_t boot_ns);

/* Who has a place, to be given a name: disks by number, cgroups by id.  key 0: nobody has it. */
struct history_place {
	uint64_t key;
	double peak;   /* per second, of late */
	uint64_t seen; /* the second in which it last did anything or could have */
	char name[CGROUP_PATH_MAX];
};
struct history_place *history_cgroups(struct history *h); /* HISTORY_CGROUPS */
struct history_place *history_disks(struct history *h);   /* HISTORY_DISKS */

/*
 * Series whose names begin with prefix, their latest points, up to as many as are there.
 * now: the same moment by two clocks.  -EINVAL when no series has such a name, -ENOMEM.
 */
int history_view(const struct history *h, const char *prefix, size_t points, uint64_t now_boot_ns,
		 uint64_t now_wall_ns, struct history_snapshot **ret);
