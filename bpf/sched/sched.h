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

/* One a CPU.  Only that CPU counts in it, so no add has to be atomic. */
struct fl_sched_cpu {
	__u64 wait_ns; /* first: in one line with the slots of the usual, short waits */
	__u64 slots[FL_HIST_SLOTS];
	__u32 shard;     /* the first element of its rows in fl_sched_cgroup */
	__u8 shared;     /* other CPUs count there as well */
	__u8 no_cgroups; /* a knob that the agent may turn: do not count per cgroup */
	__u8 pad[18];    /* whole cache lines: two CPUs never share one */
};

/* One a cgroup and shard of CPUs; row and shard as bpf/lib/ledger.h says. */
struct fl_sched_cgroup {
	__u64 id;
	__u64 waits;
	__u64 wait_ns;
	__u64 pad; /* a row never lies in two cache lines */
};

_Static_assert(sizeof(struct fl_sched_cpu) == 256, "a CPU's row is four cache lines");
_Static_assert(sizeof(struct fl_sched_cgroup) == 32, "two rows to a cache line");
