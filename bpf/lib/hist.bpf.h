/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "bpf/lib/hist.h"

/* The slot of a time, as bpf/lib/hist.h numbers them. */
static __always_inline __u32 fl_hist_slot(__u64 ns)
{
	__u64 v = ns >> FL_HIST_SLOT0_BITS;
	__u32 slot = 1;

	if (!v)
		return 0;
	for (int shift = 16; shift; shift >>= 1) /* constant bounds, so it unrolls */
		if (v >> shift) {
			v >>= shift;
			slot += shift;
		}
	return slot < FL_HIST_SLOTS ? slot : FL_HIST_SLOTS - 1;
}
