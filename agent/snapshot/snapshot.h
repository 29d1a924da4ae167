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
#include "agent/snapshot/cgroup_use.h"
#include "agent/snapshot/counts.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/lost.h"
#include "agent/snapshot/node_totals.h"
#include "agent/snapshot/node_use.h"

#define CGROUP_PATH_MAX 512

/* The row of cgroups, or disks, that found none of their own, or are gone: the last of its list. */
#define OTHER           "(other)"

enum disk_op { DISK_READ, DISK_WRITE, DISK_DISCARD, DISK_FLUSH, _DISK_OP_MAX };

struct cpu_snapshot {
	unsigned int cpu;
	bool online;
	uint32_t queued; /* tasks that waited when the last one got the CPU */
	uint64_t sched[_SCHED_COUNT_MAX],
		sched_total[_SCHED_COUNT_MAX]; /* in the window; since load */
	struct hist wait, wait_total;          /* run-queue waits, as long */
	struct cpu_times time, time_total;     /* as long; since boot */
};

struct cgroup_snapshot {
	uint64_t
		id; /* 0: other, where cgroups go that have no row of their own, or known to v1 only */
	char path[CGROUP_PATH_MAX];
	char pod[37], container[65], unit[128]; /* whose it is by its path; "" for none */
	uint64_t sched[_SCHED_CGROUP_MAX], sched_total[_SCHED_CGROUP_MAX];
	struct hist wait, wait_total; /* without those that were counted while it was too dear */
	uint64_t cache[_CACHE_COUNT_MAX], cache_total[_CACHE_COUNT_MAX];
	struct cgroup_use use,
		use_total; /* in the window, what is known of it; since it was made */
	struct share_count {
		uint64_t ios, bytes, errors;
	} disks_total[_DISK_OP_MAX]; /* what it did on all disks but bio-based ones */
	size_t number;               /* by which shares name it, wherever it is sorted to */
};

#define DISK_NAME_MAX 32

struct disk_snapshot {
	char name[DISK_NAME_MAX];
	unsigned int major, minor;
	bool bio_based; /* no requests: `queue` stays empty, a disk below may do the same again */
	bool known;     /* does the kernel still say what it has in flight? */
	uint64_t in_flight;
	struct disk_count_snapshot {
		uint64_t ios, bytes, completed, errors, merged;
		uint64_t unsplit; /* of those in `device`: queued time is in there as well */
		uint64_t untimed; /* of those completed: in neither of the two */
		struct hist queue, device;       /* times of those completed */
	} op[_DISK_OP_MAX], total[_DISK_OP_MAX]; /* in the window; since load */
};

/* What one cgroup did on one disk. */
struct share_snapshot {
	size_t cgroup; /* cgroup_snapshot.number */
	char disk[DISK_NAME_MAX];
	bool bio_based; /* as the disk: left out of sums */
	struct share_count op[_DISK_OP_MAX], total[_DISK_OP_MAX];
	struct share_times *times; /* one of the snapshot's; NULL: nobody asked */
};

struct share_times {
	struct share_time {
		uint64_t untimed;          /* came back, and is in neither of these */
		struct hist queue, device; /* of those that came back */
	} op[_DISK_OP_MAX], total[_DISK_OP_MAX];
};

extern const char *const disk_op_names[];

#define WAITERS_MAX 16

/* A task that waited long at once in the window. */
struct waiter_snapshot {
	uint32_t thread; /* 0: all that found no row */
	char name[16];
	size_t cgroup;           /* cgroup_snapshot.number */
	uint64_t waits, wait_ns; /* the long ones in the window */
	uint64_t longest_ns;     /* since it first waited long */
};

struct subject_snapshot {
	char name[16], hook[32];
	enum finding_state state;
	char reason[256];
};

struct push_snapshot { /* what became of the metrics that were pushed, since the agent's start */
	bool on;
	uint64_t sent, retries;          /* bodies */
	uint64_t waiting, waiting_bytes; /* of bodies, now */
	bool failing;                    /* the last attempt failed */
	char why[256];
};

struct agent_snapshot { /* the agent about itself; all 0 when the snapshot was made without one */
	bool present;
	uint64_t uptime_ns, loop_lag_max_ns, ticks, rss_bytes, warden_rss_bytes;
	unsigned int connections;
	struct push_snapshot push;
};

/* One of a subject's events, and how it is heard of. */
struct hook_snapshot {
	char subject[16], event[40];
	char hook[48];    /* "": it is not */
	char reason[224]; /* why not, or why not by the best way */
};

#define SUBJECTS_MAX 8
#define HOOKS_MAX    24
#define PROGRAMS_MAX 24

/* What a BPF program of ours costs by its own clock: an estimate from 1 run in 1,024. */
struct program_snapshot {
	char subject[16], event[40];
	uint64_t runs, ns; /* in the window */
	uint64_t runs_total, ns_total;
};

/* A detail that may be left out when measuring becomes too dear. */
struct detail_snapshot {
	char name[32];
	bool wanted, on;
};
#define DETAILS_MAX 8

struct snapshot {
	uint64_t wall_ns, window_ns;
	uint64_t files_window_ns;                /* of what the kernel's own files say; 0: none */
	uint64_t loaded_wall_ns, booted_wall_ns; /* since when totals count; the same in all */
	char host[65], kernel[65], machine[65], version[64];
	uint64_t uptime_ns;
	struct cpu_snapshot *cpus; /* by number, possible CPUs; owned */
	size_t cpu_count;
	struct cgroup_snapshot *cgroups; /* longest wait in the window first; owned */
	size_t cgroup_count;
	bool disks_measured;
	struct disk_snapshot *disks; /* most bytes in the window first; owned */
	size_t disk_count;
	struct share_snapshot *shares; /* by cgroup; owned */
	size_t share_count;
	struct share_times *share_times; /* as many; NULL: nobody asked; owned */
	bool cache_measured;
	uint64_t cache[_CACHE_COUNT_MAX], cache_total[_CACHE_COUNT_MAX];
	uint64_t written_back;                       /* pages, in the window */
	struct waiter_snapshot waiters[WAITERS_MAX]; /* longest wait first */
	size_t waiter_count;
	struct pressure pressure[_PRESSURE_MAX], pressure_total[_PRESSURE_MAX];
	struct memory memory;
	struct network network, network_total;
	struct node_use node;
	unsigned char cgroup_version[_USE_MAX];      /* of the hierarchy that tells this; 0: none */
	size_t cgroups_unread, cgroup_files_refused; /* beyond the most; not for our eyes */
	struct subject_snapshot subjects[SUBJECTS_MAX];
	size_t subject_count;
	struct hook_snapshot hooks[HOOKS_MAX]; /* not in JSON: the doctor tells them */
	size_t hook_count;
	struct program_snapshot programs[PROGRAMS_MAX];
	size_t program_count;
	struct detail_snapshot details[DETAILS_MAX];
	size_t detail_count;
	struct losses lost; /* since load */
	struct agent_snapshot agent;
};

/* -ENOMEM leaves *ret alone. */
int snapshot_new(struct snapshot **ret, size_t cpus, size_t cgroups, size_t disks, size_t shares);

/* Room for so many cgroups more; nothing is written there.  -ENOMEM. */
int snapshot_make_room(struct snapshot *s, size_t cgroups);
struct snapshot *snapshot_free(struct snapshot *s);
void snapshot_freep(struct snapshot **s);

/* Room for the times of as many shares as there are at most; each takes its own.  -ENOMEM. */
int snapshot_add_share_times(struct snapshot *s, size_t shares);

/* False where it is listed as off: what its counters say then is not zero but unknown. */
bool snapshot_measures(const struct snapshot *s, const char *subject);

/* What a cgroup did on all disks in the window, but for those that hand it on to others. */
struct share_count snapshot_share(const struct snapshot *s, size_t cgroup, enum disk_op op);

/* NULL when there is none of this number. */
const struct cgroup_snapshot *snapshot_cgroup(const struct snapshot *s, size_t number);

/* Waits of all CPUs in the window. */
struct hist snapshot_node_wait(const struct snapshot *s);
void snapshot_sort(struct snapshot *s); /* into the orders that the lists promise */
