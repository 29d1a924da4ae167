/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire between sched.bpf.c and the agent: what its maps hold, and nothing else.
 * Counters only grow; a reader takes differences.
 */
#pragma once

#include "bpf/lib/hist.h"

#ifndef __VMLINUX_H__ /* the BPF side has the types from vmlinux.h */
#include <linux/types.h>
#endif

/* One a CPU.  Only that CPU writes it, so no add has to be atomic. */
struct fl_sched_cpu {
	__u64 wait_ns; /* first: in one line with the slots of the usual, short waits */
	__u64 slots[FL_HIST_SLOTS];
	__u64 pad[3]; /* whole cache lines: two CPUs never share one */
};

/* One a cgroup and shard of CPUs; row and shard as bpf/lib/ledger.h says. */
struct fl_sched_cgroup {
	__u64 waits;
	__u64 wait_ns;
};

_Static_assert(sizeof(struct fl_sched_cpu) == 256, "a CPU's row is four cache lines");
_Static_assert(sizeof(struct fl_sched_cgroup) == 16, "four rows to a cache line");
