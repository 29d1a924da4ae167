/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shape of every distribution of times: slot 0 is [0, 2^10) ns, slot n is
 * [2^(9+n), 2^(10+n)) ns, the last one is open (69 s and more).
 */
#pragma once

#define FL_HIST_SLOTS          28
#define FL_HIST_SLOT0_BITS     10

/*
 * Where a slot is counted: a multiplication finds the place of a time, and would need a dozen
 * steps more to number it.  `below` is one less than where the slot ends, in units of 512 ns.
 */
#define FL_HIST_PLACES         32
#define FL_HIST_PLACE(below)   ((__u32)(below) * 0x07C4ACDDu >> 27)
#define FL_HIST_PLACE_OF(slot) FL_HIST_PLACE((2u << (slot)) - 1)
