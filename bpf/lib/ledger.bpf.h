/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel side of bpf/lib/ledger.h. */
#pragma once

#include <bpf/bpf_helpers.h>

#include "bpf/lib/ledger.h"

/* Set before load; constants to the verifier, so that unused code is gone after it. */
const volatile __u32 fl_ledger_shards = 1;   /* a power of two */
const volatile bool fl_ledger_shared = true; /* more CPUs than shards: adds must be atomic */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FL_LEDGER_ROWS);
	__type(key, __u32);
	__type(value, __u64);
} fl_ledger_ids SEC(".maps");

/* The row of a cgroup, claimed at first sight. */
static __always_inline __u32 fl_ledger_row(__u64 cgroup)
{
	__u32 at = (cgroup * 0x9E3779B97F4A7C15ull) >> 32; /* ids are dense: spread them */

	for (int i = 0; i < FL_LEDGER_PROBES; i++) {
		__u32 row = (at + i) & (FL_LEDGER_ROWS - 1);
		__u64 *id;

		if (row == FL_LEDGER_OTHER)
			continue;
		id = bpf_map_lookup_elem(&fl_ledger_ids, &row);
		if (!id)
			break;
		if (*id == cgroup)
			return row;
		if (*id == 0) {
			__u64 was = __sync_val_compare_and_swap(id, 0, cgroup);

			if (was == 0 || was == cgroup)
				return row;
		}
	}
	return FL_LEDGER_OTHER;
}
