/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire between disk.bpf.c and the agent: what its maps hold, and nothing else.  Counters
 * only grow; a reader takes differences.
 *
 * Both tables are ledgers (bpf/lib/ledger.h) of one shard, as no disk is so fast that its adds
 * would be felt: the owner of a device's row is its number, the owner of a cgroup's row the
 * cgroup and the row of the device together.
 */
#pragma once

#include "bpf/lib/hist.h"
#include "bpf/lib/ledger.h"
#include "bpf/lib/self.h"

#ifndef __VMLINUX_H__ /* the BPF side has the types from vmlinux.h */
#include <linux/types.h>
#endif

#define FL_DISK_DEVICES 128

enum fl_disk_op { FL_DISK_READ, FL_DISK_WRITE, FL_DISK_DISCARD, FL_DISK_FLUSH, FL_DISK_OPS };

/*
 * What was given to the device, and what came back: as many as are in `device`, and untimed and
 * cut.  A request often comes back on another CPU, so what is counted there shares no cache line
 * with what is counted at the start; either is in few lines.
 */
struct fl_disk_count {
	__u64 started, started_bytes;
	__u64 requeued, requeued_bytes; /* started, then taken back to be started again */
	__u64 merged;                   /* joined to a request that waited */
	__u64 pad[3];
	__u64 queue_ns, device_ns;   /* sums of the two below */
	__u64 queue[FL_HIST_PLACES]; /* of those that came back: from the making to the start */
	__u64 errors;
	__u64 unsplit;                /* of those in `device`: queued time is in there as well */
	__u64 device[FL_HIST_PLACES]; /* from the start to the end */
	__u64 untimed;                /* came back without a stamp at all */
	__u64 cut; /* pieces of a bio that came back with it, so without a time of their own */
	__u64 pad2[2];
};

struct fl_disk_device {
	__u64 id;         /* major << 20 | minor */
	__u32 index;      /* its own place, so that the program has it at hand */
	__u32 no_cgroups; /* a knob that the agent may turn: do not count per cgroup */
	__u32 no_detail;  /* another: no times per cgroup */
	__u32 bio_based;  /* has no requests: its bios were counted, maybe above another disk */
	__u32 pad[10];
	struct fl_disk_count op[FL_DISK_OPS];
};

/* First what is only read nearly always, then what is counted at the start. */
struct fl_disk_cgroup {
	__u64 id;  /* fl_disk_share() */
	__u64 row; /* its own place */
	__u64 errors[FL_DISK_OPS];
	__u64 pad[2];
	struct fl_disk_pair {
		__u64 ios, bytes;
	} started[FL_DISK_OPS], requeued[FL_DISK_OPS];
};

/* What came back to a cgroup, in the row of the same number. */
struct fl_disk_detail {
	struct fl_disk_times {
		__u64 queue_ns, device_ns;
		__u64 queue[FL_HIST_PLACES];
		__u64 untimed; /* came back, and is in neither of the two */
		__u64 pad;
		__u64 device[FL_HIST_PLACES];
		__u64 pad2[4];
	} op[FL_DISK_OPS];
};

/* One more than there are owners: of shares of bio-based devices that found no row. */
#define FL_DISK_CGROUPS   (FL_LEDGER_ROWS + 1)
#define FL_DISK_OTHER_BIO FL_LEDGER_ROWS

enum fl_disk_program {
	FL_DISK_ISSUE,
	FL_DISK_COMPLETE,
	FL_DISK_REQUEUE,
	FL_DISK_MERGE,
	FL_DISK_BACKMERGE,
	FL_DISK_FRONTMERGE,
	FL_DISK_BIO,
	FL_DISK_BIO_END,
	FL_DISK_SPLIT,
	FL_DISK_PROGRAMS
};

/* One a CPU. */
struct fl_disk_cpu {
	struct fl_self self[FL_DISK_PROGRAMS];
	__u64 lost_bios;  /* counted nowhere: their device found no row */
	__u64 lost_times; /* of bios: the place was taken by another's */
	__u64 pad[3];
};

_Static_assert(sizeof(struct fl_disk_count) % 64 == 0, "a count begins a cache line");
_Static_assert(sizeof(struct fl_disk_device) % 64 == 0, "a row begins a cache line");
_Static_assert(sizeof(struct fl_disk_cgroup) % 64 == 0, "a row begins a cache line");
_Static_assert(sizeof(struct fl_disk_times) % 64 == 0, "times begin a cache line");
_Static_assert(sizeof(struct fl_disk_cpu) == 256, "a CPU's row is whole cache lines");

/* The owner of a row of fl_disk_cgroup; cgroup 0 stands for requests of nobody (flushes). */
static inline __u64 fl_disk_share(__u64 cgroup, __u64 index)
{
	return (cgroup + 1) * FL_DISK_DEVICES + index;
}
