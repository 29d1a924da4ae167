/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program costs, by its own clock: it counts its runs and times one in FL_SELF_EVERY.
 * A run that took far longer was interrupted, and is not taken for the others'. The time of reading
 * the clock is taken off again; what the kernel spends to get into the
 * program and out of it is not seen (about 55 ns where a tracepoint calls BPF).
 */
#pragma once

#ifndef __VMLINUX_H__ /* the BPF side has the types from vmlinux.h */
#include <linux/types.h>
#endif

#define FL_SELF_EVERY 1024
#define FL_SELF_MOST  65536 /* nanoseconds */

/* One a program and CPU, so no add has to be atomic. */
struct fl_self {
	__u64 runs, timed, ns; /* ns: of those timed */
};
