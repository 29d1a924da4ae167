/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "bpf/lib/hist.h"

/*
 * The place of a time.  Without a branch a bit: waits are as mixed as branches are bad at.  Every
 * bit below the highest is set, and such a number times a de Bruijn sequence has five bits on top
 * that no other one has.
 */
static __always_inline __u32 fl_hist_place(__u64 ns)
{
	__u64 v = ns >> (FL_HIST_SLOT0_BITS - 1) | 1;

	if (v >> (FL_HIST_SLOTS - 1))
		return FL_HIST_PLACE_OF(FL_HIST_SLOTS - 1);
	v |= v >> 1;
	v |= v >> 2;
	v |= v >> 4;
	v |= v >> 8;
	v |= v >> 16;
	return FL_HIST_PLACE(v);
}
