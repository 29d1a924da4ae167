/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shape of every distribution of times: slot 0 is [0, 2^10) ns, slot n is
 * [2^(9+n), 2^(10+n)) ns, the last one is open (69 s and more).
 */
#pragma once

#define FL_HIST_SLOTS      28
#define FL_HIST_SLOT0_BITS 10
