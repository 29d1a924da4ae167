/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "bpf/lib/hist.h"

/* The slot of a time, as bpf/lib/hist.h numbers them. */
static __always_inline __u32 fl_hist_slot(__u64 ns)
{
	__u64 v = ns >> FL_HIST_SLOT0_BITS;
	__u32 slot = 0;

	/* Without a branch: waits are as mixed as branches are bad at, and a wrong guess costs more
	 * than all of this.  The barrier keeps clang from making it one again. */
	for (int shift = 16; shift; shift >>= 1) {
		__u64 high = v >> shift;

		barrier_var(high);
		high = (high | -high) >> 63; /* 1 when there is something that high up */
		v >>= high * shift;
		slot += high * shift;
	}
	slot += v; /* 0 or 1 is left: nothing at all, or the bit that was looked for */
	return slot < FL_HIST_SLOTS ? slot : FL_HIST_SLOTS - 1;
}
