/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot: the node at an instant, as plain values.  It is all that exporters and the CLI
 * ever see.  Distributions and rates cover the window that ended at `wall_ns`; what is
 * called total counts since the probes were loaded.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/hist.h"
#include "agent/snapshot/finding.h"

#define CGROUP_PATH_MAX 512

struct cpu_snapshot {
	unsigned int cpu;
	bool online;
	struct hist wait;       /* run-queue waits in the window */
	struct hist wait_total; /* since load */
};

struct cgroup_snapshot {
	uint64_t id; /* 0: other, where cgroups go that have no row of their own */
	char path[CGROUP_PATH_MAX];
	uint64_t waits, wait_ns; /* in the window */
	uint64_t waits_total, wait_ns_total;
};

struct subject_snapshot {
	char name[16], hook[32];
	enum finding_state state;
	char reason[256];
};

struct agent_snapshot { /* the agent about itself; all 0 when the snapshot was made without one */
	bool present;
	uint64_t uptime_ns, loop_lag_max_ns, ticks, rss_bytes, warden_rss_bytes;
	unsigned int connections;
};

#define SUBJECTS_MAX 8

struct snapshot {
	uint64_t wall_ns, window_ns;
	char host[65], kernel[65], machine[65], version[64];
	uint64_t uptime_ns;
	struct cpu_snapshot *cpus; /* by number, possible CPUs; owned */
	size_t cpu_count;
	struct cgroup_snapshot *cgroups; /* longest wait in the window first; owned */
	size_t cgroup_count;
	struct subject_snapshot subjects[SUBJECTS_MAX];
	size_t subject_count;
	struct agent_snapshot agent;
};

/* -ENOMEM leaves *ret alone. */
int snapshot_new(struct snapshot **ret, size_t cpus, size_t cgroups);
struct snapshot *snapshot_free(struct snapshot *s);
void snapshot_freep(struct snapshot **s);

/* Waits of all CPUs in the window. */
struct hist snapshot_node_wait(const struct snapshot *s);
void snapshot_sort(struct snapshot *s);
