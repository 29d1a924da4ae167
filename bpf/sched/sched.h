/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire between sched.bpf.c and the agent: what its maps hold, and nothing else.
 * Counters only grow; a reader takes differences.
 */
#pragma once

#include "bpf/lib/hist.h"
#include "bpf/lib/ledger.h"
#include "bpf/lib/self.h"

#ifndef __VMLINUX_H__ /* the BPF side has the types from vmlinux.h */
#include <linux/types.h>
#endif

/* Where a task is moved to, seen from the CPU that it was on. */
enum fl_sched_move { FL_SCHED_NEAR, FL_SCHED_OTHER_CACHE, FL_SCHED_OTHER_NODE, FL_SCHED_MOVES };

enum fl_sched_program { FL_SCHED_SWITCH, FL_SCHED_MIGRATE, FL_SCHED_EXEC, FL_SCHED_PROGRAMS };

/* What happens seldom, to a CPU's tasks and to a cgroup's. */
struct fl_sched_rare {
	__u64 moved[FL_SCHED_MOVES];
	__u64 started, exited; /* tasks, which threads are as well */
	__u64 execs;
};

#define FL_SCHED_NOBODY 0xffffffffu /* nothing is counted per cgroup */

/*
 * One a CPU.  Only that CPU counts in it, so no add has to be atomic.  What every switch touches is
 * in the first line; a switch feels each line more, even where its own time does not.
 */
struct fl_sched_cpu {
	__u64 since;  /* by the CPU's run-queue clock: when the one that runs got the CPU */
	__u32 at;     /* where its row is in fl_sched_cgroup, in bytes, or FL_SCHED_NOBODY */
	__u32 shard;  /* the first element of this CPU's rows there */
	__u32 queued; /* tasks that waited when the last one got the CPU, and that one */
	__u8 shared;  /* other CPUs count in those rows as well */
	__u8 no_cgroups, no_detail; /* knobs that the agent may turn: do not count per cgroup; its
				     * distributions */
	__u8 pad0;
	__u64 wait_ns, run_ns;
	__u64 slept_ns; /* how long who came back had been off of his own will */
	__u32 task;     /* thread id of the one that runs, 0 for nobody */
	__u32 pad1;
	struct fl_self self[FL_SCHED_PROGRAMS]; /* the switch's runs end the line */

	__u64 cgroup; /* of the one that runs */
	__u64 idle_ns;
	__u64 preempted;    /* got off the CPU though they could run */
	__u64 preempted_ns; /* how long who came back had been off in vain */
	__u64 lost;         /* came back, and when they went was not kept any more */
	__u16 cache, node;  /* who shares the last cache, the memory: set when loaded */
	__u32 pad2;
	__u64 pad3[2];

	struct fl_sched_rare rare;
	__u64 pad4[2];

	__u64 places[FL_HIST_PLACES];
};

/* One a cgroup and shard of CPUs; row and shard as bpf/lib/ledger.h says. */
struct fl_sched_cgroup {
	__u64 id;
	__u64 waits, wait_ns;
	__u64 run_ns;
	__u64 preempted, preempted_ns, slept_ns;
	__u64 pad;
};

/* More of the same cgroup, in the element of the same number. */
struct fl_sched_detail {
	__u64 places[FL_HIST_PLACES];
	struct fl_sched_rare rare;
	__u64 pad[2];
};

/*
 * Tasks that waited for longer than FL_SCHED_LONG_NS at once: a ledger of one shard, its owners
 * are thread ids.
 */
#define FL_SCHED_WAITERS 256
#define FL_SCHED_LONG_NS (1ull << 20)

struct fl_sched_waiter {
	__u64 id;
	__u64 waits, wait_ns, longest_ns; /* of the long ones */
	__u64 cgroup;
	char comm[16];
	__u64 pad;
};

_Static_assert(sizeof(struct fl_sched_cpu) == 512, "a CPU's row is whole cache lines");
_Static_assert(__builtin_offsetof(struct fl_sched_cpu, cgroup) == 128, "and these begin one");
_Static_assert(sizeof(struct fl_sched_cgroup) == 64, "a row is one cache line");
_Static_assert(sizeof(struct fl_sched_detail) == 320, "a row is whole cache lines");
_Static_assert(sizeof(struct fl_sched_waiter) == 64, "a row is one cache line");
