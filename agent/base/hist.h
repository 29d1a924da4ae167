/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hist: a distribution of times in the shape that BPF counts them in (bpf/lib/hist.h).
 * Quantiles are the end of the slot that they lie in: never flattering, at most twice the
 * truth; below 1 us it says 1.024 us, and in the last, open slot its beginning.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "bpf/lib/hist.h"

struct hist {
	uint64_t slots[FL_HIST_SLOTS];
	uint64_t sum_ns;
};

uint64_t hist_count(const struct hist *h);
void hist_add(struct hist *to, const struct hist *h);

/* *ret = now - then; false, and *ret is now, when a counter ran backwards. */
bool hist_since(struct hist *ret, const struct hist *then, const struct hist *now);

/* 0 < q <= 1; 0 for an empty histogram. */
uint64_t hist_quantile_ns(const struct hist *h, double q);
uint64_t hist_slot_end_ns(unsigned int slot);
