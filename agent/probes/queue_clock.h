/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue_clock: what the run queues' clock says now, which only the kernel can read.
 *
 * It and CLOCK_MONOTONIC_RAW count the same cycles from another beginning.  The latest switch that
 * is known is never in the future, and now and then it is the one that brought us here: so the
 * smallest distance seen is the difference of the two clocks, to a few microseconds.  It is looked
 * for anew all the time, as their rates are not quite the same.
 */
#pragma once
#include <stdint.h>

struct queue_clock {
	uint64_t epoch_ns;
	uint64_t nearest[2]; /* raw less latest: of this epoch, and of the one before */
};

/* latest: of the run queues' clock.  Never before it. */
uint64_t queue_clock_now(struct queue_clock *c, uint64_t raw_ns, uint64_t latest);
