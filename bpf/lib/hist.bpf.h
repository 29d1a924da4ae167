/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "bpf/lib/hist.h"

/*
 * The slot of a time, as bpf/lib/hist.h numbers them: how many bits are needed to write it.
 * Without a branch a bit: waits are as mixed as branches are bad at.  BPF cannot count leading
 * zeros, so every bit below the highest is set and then all of them are counted.
 */
static __always_inline __u32 fl_hist_slot(__u64 ns)
{
	__u64 v = ns >> FL_HIST_SLOT0_BITS;
	__u32 slot;

	if (v >> (FL_HIST_SLOTS - 1))
		return FL_HIST_SLOTS - 1;
	v |= v >> 1;
	v |= v >> 2;
	v |= v >> 4;
	v |= v >> 8;
	v |= v >> 16;
	v -= (v >> 1) & 0x55555555;                     /* how many of every two */
	v = (v & 0x33333333) + ((v >> 2) & 0x33333333); /* of every four */
	v = (v + (v >> 4)) & 0x0f0f0f0f;                /* of every eight */
	slot = (__u32)v * 0x01010101 >> 24;             /* their sum lands on top */
	barrier_var(slot); /* or clang compares before it shifts, which proves no bound */
	return slot;
}
