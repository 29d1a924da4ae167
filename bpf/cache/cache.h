/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The wire between cache.bpf.c and the agent: what its maps hold, and nothing else.  Counters
 * only grow; a reader takes differences.
 */
#pragma once

#include "bpf/lib/ledger.h"
#include "bpf/lib/self.h"

#ifndef __VMLINUX_H__ /* the BPF side has the types from vmlinux.h */
#include <linux/types.h>
#endif

enum fl_cache_count {
	FL_CACHE_ACCESSES,  /* pages that were read through the cache */
	FL_CACHE_READS,     /* requests for them */
	FL_CACHE_MISSES,    /* requests whose first page was not there: the reader waited */
	FL_CACHE_FILLS,     /* pages put into the cache */
	FL_CACHE_EVICTIONS, /* pages taken out, for whatever reason */
	FL_CACHE_DIRTIED,   /* pages changed that were clean */
	FL_CACHE_FAULTS,    /* faults on mapped files that found no page mapped around */
	FL_CACHE_COUNTS
};

enum fl_cache_program {
	FL_CACHE_GET,
	FL_CACHE_MISS,
	FL_CACHE_ADD,
	FL_CACHE_DELETE,
	FL_CACHE_DIRTY,
	FL_CACHE_FAULT,
	FL_CACHE_PROGRAMS
};

/* One a CPU.  A task may be preempted or interrupted in here: adds are atomic. */
struct fl_cache_cpu {
	__u64 n[FL_CACHE_COUNTS];
	__u32 shard;     /* the first element of this CPU's rows in fl_cache_cgroup */
	__u8 no_cgroups; /* a knob that the agent may turn: do not count per cgroup */
	__u8 pad[3];
	struct fl_self self[FL_CACHE_PROGRAMS];
	__u64 pad2[6];
};

/* One a cgroup and shard of CPUs; row and shard as bpf/lib/ledger.h says. */
struct fl_cache_cgroup {
	__u64 id;
	__u64 n[FL_CACHE_COUNTS];
};

_Static_assert(sizeof(struct fl_cache_cpu) == 256, "a CPU's row is whole cache lines");
_Static_assert(sizeof(struct fl_cache_cgroup) == 64, "a row is one cache line");
