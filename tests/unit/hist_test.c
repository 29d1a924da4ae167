/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/hist.h"

#include <linux/types.h>
#include <math.h>
#include <stdlib.h>

#include "bpf/lib/hist.bpf.h"
#include "tests/lib/test.h"

static int an_empty_histogram_has_no_quantile(void)
{
	struct hist h = { 0 };

	CHECK(hist_count(&h) == 0);
	CHECK(hist_quantile_ns(&h, 0.99) == 0);
	return 0;
}

static int a_quantile_is_the_end_of_its_slot(void)
{
	struct hist h = { .slots[0] = 98, .slots[10] = 2 };

	CHECK(hist_quantile_ns(&h, 0.5) == 1024);
	CHECK(hist_quantile_ns(&h, 0.98) == 1024);
	CHECK(hist_quantile_ns(&h, 0.99) ==
	      1024 << 10); /* two of a hundred are slow: p99 sees them */
	CHECK(hist_quantile_ns(&h, 1) == 1024 << 10);
	return 0;
}

static int the_open_slot_says_where_it_begins(void)
{
	struct hist h = { .slots[FL_HIST_SLOTS - 1] = 1 };

	CHECK(hist_quantile_ns(&h, 0.5) == 1ull << (FL_HIST_SLOT0_BITS + FL_HIST_SLOTS - 2));
	return 0;
}

static int a_difference_is_slot_by_slot(void)
{
	struct hist then = { .slots[3] = 5, .sum_ns = 100 };
	struct hist now = { .slots[3] = 7, .slots[4] = 1, .sum_ns = 175 };
	struct hist d;

	CHECK(hist_since(&d, &then, &now));
	CHECK(d.slots[3] == 2 && d.slots[4] == 1 && d.sum_ns == 75);
	return 0;
}

static int a_counter_that_ran_backwards_starts_anew(void)
{
	struct hist then = { .slots[3] = 5, .sum_ns = 100 };
	struct hist now = { .slots[3] = 1, .sum_ns = 120 };
	struct hist d;

	CHECK(!hist_since(&d, &then, &now));
	CHECK(d.slots[3] == 1 && d.sum_ns == 120);
	return 0;
}

/* The slot of a time, the long way. */
static unsigned int slot_of(uint64_t ns)
{
	unsigned int slot = 0;

	while (slot < FL_HIST_SLOTS - 1 && ns >> (FL_HIST_SLOT0_BITS + slot))
		slot++;
	return slot;
}

static int bpf_counts_a_time_in_the_place_of_its_slot(void)
{
	unsigned int taken = 0;

	for (unsigned int slot = 0; slot < FL_HIST_SLOTS; slot++) {
		CHECK(!(taken & 1u << FL_HIST_PLACE_OF(slot)));
		taken |= 1u << FL_HIST_PLACE_OF(slot);
	}
	for (int bit = 0; bit < 64; bit++)
		for (int off = -1; off <= 1; off++) {
			uint64_t ns = (1ull << bit) + (uint64_t)off;

			CHECK(fl_hist_place(ns) == FL_HIST_PLACE_OF(slot_of(ns)));
		}
	CHECK(fl_hist_place(UINT64_MAX) == FL_HIST_PLACE_OF(FL_HIST_SLOTS - 1));
	return 0;
}

/* xorshift: the same numbers in each run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

enum { VALUES = 1000 };

/* What the header says of a quantile, held against the value itself. */
static bool is_as_stated(uint64_t said, uint64_t truth)
{
	uint64_t open = hist_slot_end_ns(FL_HIST_SLOTS - 1);

	if (truth >= open)
		return said == open;
	if (truth < 1ull << FL_HIST_SLOT0_BITS)
		return said == 1ull << FL_HIST_SLOT0_BITS;
	return said > truth && said <= 2 * truth;
}

static int a_quantile_errs_at_most_as_stated(void)
{
	static const double quantiles[] = { 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1 };
	uint64_t state = 88172645463325252ull, values[VALUES];

	for (int round = 0; round < 200; round++) {
		struct hist h = { 0 };
		int widest = 1 + round % 44; /* bits: from under a microsecond to hours */

		for (int i = 0; i < VALUES; i++) {
			values[i] = next_random(&state) >> (64 - widest);
			values[i] >>= next_random(&state) % (uint64_t)widest;
			h.slots[slot_of(values[i])]++;
		}
		qsort(values, VALUES, sizeof(values[0]), by_size);
		for (size_t q = 0; q < sizeof(quantiles) / sizeof(quantiles[0]); q++) {
			size_t rank = (size_t)ceil(quantiles[q] * VALUES);

			CHECK(is_as_stated(hist_quantile_ns(&h, quantiles[q]), values[rank - 1]));
		}
	}
	return 0;
}

TEST_MAIN({ "an empty histogram has no quantile", an_empty_histogram_has_no_quantile },
	  { "a quantile is the end of its slot", a_quantile_is_the_end_of_its_slot },
	  { "the open slot says where it begins", the_open_slot_says_where_it_begins },
	  { "a difference is slot by slot", a_difference_is_slot_by_slot },
	  { "a counter that ran backwards starts anew", a_counter_that_ran_backwards_starts_anew },
	  { "bpf counts a time in the place of its slot",
	    bpf_counts_a_time_in_the_place_of_its_slot },
	  { "a quantile errs at most as stated", a_quantile_errs_at_most_as_stated }, )
