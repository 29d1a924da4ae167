/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel side of bpf/lib/ledger.h. */
#pragma once

#include <bpf/bpf_helpers.h>

#include "bpf/lib/ledger.h"

/* The element with this number: it begins with its owner's id. */
static __always_inline __u64 *fl_ledger_at(void *table, __u32 row_size, __u32 element)
{
	return table + (element & (FL_LEDGER_SHARDS * FL_LEDGER_ROWS - 1)) * row_size;
}

/* The row of a cgroup, taken if need be. */
static __always_inline __u32 fl_ledger_claim(void *table, __u32 row_size, __u64 cgroup,
					     __u32 spread)
{
	/* Its own may stand behind one that was freed: look at all before one is taken. */
#pragma clang loop unroll(disable)
	for (__u32 probe = 0; probe < FL_LEDGER_PROBES; probe++) {
		__u32 row = (spread + probe) & (FL_LEDGER_ROWS - 1);

		if (*fl_ledger_at(table, row_size, row) == cgroup)
			return row;
	}
#pragma clang loop unroll(disable)
	for (__u32 probe = 0; probe < FL_LEDGER_PROBES; probe++) {
		__u32 row = (spread + probe) & (FL_LEDGER_ROWS - 1);
		__u64 was;

		if (row == FL_LEDGER_OTHER)
			continue;
		was = __sync_val_compare_and_swap(fl_ledger_at(table, row_size, row), 0, cgroup);
		if (was == 0 || was == cgroup)
			return row;
	}
	return FL_LEDGER_OTHER;
}

/* The counters of a cgroup in a shard, which is given by its first element. */
static __always_inline void *fl_ledger_row(void *table, __u32 row_size, __u32 shard, __u64 cgroup)
{
	__u32 spread = (cgroup * 0x9E3779B97F4A7C15ull) >> 32; /* ids are dense */
	__u64 *id = fl_ledger_at(table, row_size, shard + (spread & (FL_LEDGER_ROWS - 1)));
	__u32 row;

	if (__builtin_expect(*id == cgroup, 1))
		return id;
#pragma clang loop unroll(disable)
	for (__u32 probe = 1; probe < FL_LEDGER_PROBES; probe++) {
		row = (spread + probe) & (FL_LEDGER_ROWS - 1);
		id = fl_ledger_at(table, row_size, shard + row);
		if (*id == cgroup)
			return id;
	}
	row = fl_ledger_claim(table, row_size, cgroup, spread);
	id = fl_ledger_at(table, row_size, shard + row);
	if (row != FL_LEDGER_OTHER)
		*id = cgroup;
	return id;
}
