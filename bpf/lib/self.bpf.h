/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel side of bpf/lib/self.h: `begun = fl_self_begin(self); …; fl_self_end(self, begun);` */
#pragma once

#include <bpf/bpf_helpers.h>

#include "bpf/lib/self.h"

/* When it began, or 0 for a run that is not timed. */
static __always_inline __u64 fl_self_begin(struct fl_self *self)
{
	if (__builtin_expect(++self->runs & (FL_SELF_EVERY - 1), 1))
		return 0;
	bpf_ktime_get_ns(); /* it is cold, which would count as ours */
	return bpf_ktime_get_ns();
}

static __always_inline void fl_self_end(struct fl_self *self, __u64 begun)
{
	__u64 ended, clock;

	if (__builtin_expect(!begun, 1))
		return;
	ended = bpf_ktime_get_ns();
	clock = bpf_ktime_get_ns() - ended; /* what one reading takes just now */
	if (ended - begun > FL_SELF_MOST || clock > FL_SELF_MOST)
		return;
	self->timed++;
	if (ended - begun > clock)
		self->ns += ended - begun - clock;
}
