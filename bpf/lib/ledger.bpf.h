/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel side of bpf/lib/ledger.h. */
#pragma once

#include <bpf/bpf_helpers.h>

#include "bpf/lib/ledger.h"

/*
 * A table: its elements, their size, rows a shard and shards, both powers of two.  All but the
 * first are constants wherever this is inlined.
 */
#define FL_LEDGER_TABLE void *table, __u32 row_size, __u32 rows, __u32 shards

/* The element with this number: it begins with its owner's id. */
static __always_inline __u64 *fl_ledger_at(FL_LEDGER_TABLE, __u32 element)
{
	return table + (element & (shards * rows - 1)) * row_size;
}

/* The row of an owner, taken if need be. */
static __always_inline __u32 fl_ledger_claim(FL_LEDGER_TABLE, __u64 owner, __u32 spread)
{
	/* Its own may stand behind one that was freed: look at all before one is taken. */
#pragma clang loop unroll(disable)
	for (__u32 probe = 0; probe < FL_LEDGER_PROBES; probe++) {
		__u32 row = (spread + probe) & (rows - 1);

		if (*fl_ledger_at(table, row_size, rows, shards, row) == owner)
			return row;
	}
#pragma clang loop unroll(disable)
	for (__u32 probe = 0; probe < FL_LEDGER_PROBES; probe++) {
		__u32 row = (spread + probe) & (rows - 1);
		__u64 *id = fl_ledger_at(table, row_size, rows, shards, row), was;

		if (row == FL_LEDGER_OTHER)
			continue;
		was = __sync_val_compare_and_swap(id, 0, owner);
		if (was == 0 || was == owner)
			return row;
	}
	return FL_LEDGER_OTHER;
}

/* The counters of an owner in a shard, which is given by its first element. */
static __always_inline void *fl_ledger_row(FL_LEDGER_TABLE, __u32 shard, __u64 owner)
{
	__u32 spread = (owner * 0x9E3779B97F4A7C15ull) >> 32; /* ids are dense */
	__u64 *id = fl_ledger_at(table, row_size, rows, shards, shard + (spread & (rows - 1)));
	__u32 row;

	if (__builtin_expect(*id == owner, 1))
		return id;
#pragma clang loop unroll(disable)
	for (__u32 probe = 1; probe < FL_LEDGER_PROBES; probe++) {
		row = (spread + probe) & (rows - 1);
		id = fl_ledger_at(table, row_size, rows, shards, shard + row);
		if (*id == owner)
			return id;
	}
	row = fl_ledger_claim(table, row_size, rows, shards, owner, spread);
	id = fl_ledger_at(table, row_size, rows, shards, shard + row);
	if (row != FL_LEDGER_OTHER)
		*id = owner;
	return id;
}
