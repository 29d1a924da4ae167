/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns_room: what the lists of columns.c share.  A file each: columns_cgroups, …_cpus and so on;
 * not a door of the room.
 */
#pragma once
#include <math.h>

#include "agent/base/hist.h"
#include "agent/cli/columns.h"
#include "agent/snapshot/snapshot.h"

extern const struct listing listing_cgroups, listing_cpus, listing_disks, listing_interfaces,
	listing_waiters;

#define ROWS(of) .columns = (of), .column_count = sizeof(of) / sizeof((of)[0])

static inline double rate(const struct snapshot *s, uint64_t n)
{
	return (double)n / snapshot_seconds(s);
}

/* Of what is measured: else the cell is a question mark. */
static inline double rate_of(const struct snapshot *s, const char *subject, uint64_t n)
{
	return snapshot_measures(s, subject) ? rate(s, n) : (double)NAN;
}

static inline double mean(uint64_t sum, uint64_t n)
{
	return n ? (double)sum / (double)n : 0;
}

/* Two lists may use one number for two things, and a name alone is no number. */
uint64_t name_hash(const char *text);

/* Who looks for a cgroup finds what belongs to it. */
bool cgroup_matches(const struct snapshot *s, size_t row, const char *text);
