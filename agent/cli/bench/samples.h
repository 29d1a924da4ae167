/* SPDX-License-Identifier: Apache-2.0 */
/* samples: every time that was measured, so that quantiles are exact. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct samples {
	uint64_t *ns;
	size_t count, room;
};

struct samples_summary {
	size_t count;
	uint64_t p50_ns, p90_ns, p95_ns, p99_ns, max_ns; /* 0 where there are none */
};

int samples_add(struct samples *s, uint64_t ns); /* -ENOMEM: it is not counted */
/* Sorts them.  A quantile is the smallest sample that so many are not above (nearest rank). */
void samples_sum_up(struct samples *s, struct samples_summary *ret);
void samples_done(struct samples *s);
