/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/hist.h"

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

TEST_MAIN({ "an empty histogram has no quantile", an_empty_histogram_has_no_quantile },
	  { "a quantile is the end of its slot", a_quantile_is_the_end_of_its_slot },
	  { "the open slot says where it begins", the_open_slot_says_where_it_begins },
	  { "a difference is slot by slot", a_difference_is_slot_by_slot },
	  { "a counter that ran backwards starts anew",
	    a_counter_that_ran_backwards_starts_anew }, )
