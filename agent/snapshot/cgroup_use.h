/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_use: what a cgroup, with all below it, used of the node by the kernel's own count.
 * Each part comes from the hierarchy that has its controller, so parts may be of v1 and of v2.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/snapshot/node_totals.h"

enum use_of { USE_CPU, USE_THROTTLING, USE_MEMORY, USE_IO, USE_PIDS, USE_PRESSURE, _USE_MAX };
extern const char *const use_names[];

#define USE_NO_LIMIT UINT64_MAX

struct cgroup_use {
	unsigned char version[_USE_MAX]; /* of the hierarchy that says it; 0: not known */
	struct cgroup_cpu {
		uint64_t usage_ns, user_ns, system_ns;
	} cpu;
	struct cgroup_throttling {
		uint64_t periods, throttled_periods, throttled_ns;
	} throttling;
	struct cgroup_memory {
		uint64_t used_bytes, peak_bytes, limit_bytes; /* peak 0: the kernel keeps none */
		uint64_t anon_bytes, file_bytes, inactive_file_bytes, swap_bytes;
		uint64_t major_faults, oom_kills, limit_hits;
	} memory;
	struct cgroup_io {
		uint64_t read_bytes, written_bytes, reads, writes;
	} io;
	uint64_t pids;
	struct pressure pressure[_PRESSURE_MAX];
};

/*
 * What was counted between two readings; what is no counter is as it is now.  then: NULL for a
 * cgroup that is new since, all of whose counts are.  Parts that only one of them has are not
 * known.
 */
void cgroup_use_between(struct cgroup_use *ret, const struct cgroup_use *then,
			const struct cgroup_use *now);

/* Memory that is no cheap way to win room: what a kubelet evicts by. */
uint64_t cgroup_use_working_set(const struct cgroup_use *use);

#define USE_FROM_TEXT 80

/* "v2", "v1:cpu,memory", "v1:memory v2:cpu,pressure"; "" when nothing is known.  Returns ret. */
const char *cgroup_use_from(const struct cgroup_use *use, char ret[USE_FROM_TEXT]);
