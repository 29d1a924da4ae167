/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/bucket.h"

#include "agent/base/clock.h"
#include "tests/lib/test.h"

#define TOKEN_PARTS (1000 * NS_PER_SEC)

static uint64_t random_state = 1;

/* xorshift: the same numbers in every run. */
static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/* Tokens that somebody gets in 10 s who takes each as soon as it says that it is there. */
static uint64_t taken_in_ten_seconds(uint64_t rate, uint64_t burst, uint64_t start)
{
	uint64_t now = start, taken = 0, wait;
	struct bucket b;

	bucket_init(&b, rate, burst, now);
	while (bucket_take(&b, 1, now))
		; /* what was saved up is not the rate */
	for (;;) {
		wait = bucket_wait(&b, 1, now);
		if (wait > start + 10 * NS_PER_SEC - now)
			return taken;
		now += wait;
		if (!bucket_take(&b, 1, now))
			return 0;
		taken++;
	}
}

static int ten_seconds_give_ten_times_the_rate(void)
{
	static const uint64_t rates[] = { 100,     333,      1000,      7777,      99999,
					  1000000, 33333333, 123456789, 1000000000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint64_t expected = rates[i] / 100; /* thousandths * 10 s */
		uint64_t taken = taken_in_ten_seconds(rates[i], 1 + i * 3, 12345 + i);

		/* A nanosecond is the grain: at 10^6 a second, 0.1 % of a token's time. */
		CHECK(taken <= expected && taken + expected / 1000 + 1 > expected);
	}
	return 0;
}

static int looking_often_gives_no_more_and_no_less(void)
{
	uint64_t now = 5, taken = 0;
	struct bucket b;

	bucket_init(&b, 123457, 50, now); /* 123.457 a second */
	CHECK(bucket_take(&b, 50, now));
	while (now < 5 + 10 * NS_PER_SEC) {
		now += 1 + draw(20000);
		taken += bucket_take(&b, 1, now);
	}
	CHECK(taken == 1234 || taken == 1235);
	return 0;
}

static int a_burst_is_what_was_not_used_and_no_more(void)
{
	struct bucket b;

	bucket_init(&b, 1000, 3, 0);
	CHECK(bucket_take(&b, 3, 0) && !bucket_take(&b, 1, 0));
	CHECK(!bucket_take(&b, 3, 2 * NS_PER_SEC) && bucket_take(&b, 2, 2 * NS_PER_SEC));
	CHECK(bucket_take(&b, 3, 3600 * NS_PER_SEC) && !bucket_take(&b, 1, 3600 * NS_PER_SEC));
	CHECK(bucket_take(&b, 3, UINT64_MAX) && !bucket_take(&b, 1, UINT64_MAX));
	return 0;
}

static int the_wait_is_exact(void)
{
	struct bucket b;
	uint64_t wait;

	bucket_init(&b, 300, 2, 0); /* one in 3 1/3 s */
	CHECK(bucket_wait(&b, 1, 0) == 0 && bucket_take(&b, 2, 0));
	wait = bucket_wait(&b, 1, 0);
	CHECK(wait == 3333333334);
	CHECK(!bucket_take(&b, 1, wait - 1) && bucket_take(&b, 1, wait));
	CHECK(bucket_wait(&b, 3, wait) == BUCKET_NEVER);
	return 0;
}

static int without_a_rate_nothing_comes(void)
{
	struct bucket b;

	bucket_init(&b, 0, 1, 0);
	CHECK(bucket_take(&b, 1, 0) && !bucket_take(&b, 1, UINT64_MAX));
	CHECK(bucket_wait(&b, 1, 0) == BUCKET_NEVER);
	return 0;
}

static int a_clock_that_runs_backwards_gives_nothing(void)
{
	struct bucket b;

	bucket_init(&b, 1000, 1, 10 * NS_PER_SEC);
	CHECK(bucket_take(&b, 1, 10 * NS_PER_SEC));
	for (int i = 0; i < 10; i++)
		CHECK(!bucket_take(&b, 1, (uint64_t)i * NS_PER_SEC));
	CHECK(!bucket_take(&b, 1, 11 * NS_PER_SEC - 1) && bucket_take(&b, 1, 11 * NS_PER_SEC));
	return 0;
}

static int a_changed_rate_holds_from_then_on(void)
{
	struct bucket b;

	bucket_init(&b, 1000, 100, 0);
	CHECK(bucket_take(&b, 100, 0));
	bucket_change(&b, 10000, 100, 10 * NS_PER_SEC);
	CHECK(bucket_take(&b, 10, 10 * NS_PER_SEC) && !bucket_take(&b, 1, 10 * NS_PER_SEC));
	CHECK(bucket_take(&b, 10, 11 * NS_PER_SEC) && !bucket_take(&b, 1, 11 * NS_PER_SEC));
	bucket_change(&b, 10000, 5, 21 * NS_PER_SEC); /* a hundred had gathered */
	CHECK(bucket_take(&b, 5, 21 * NS_PER_SEC) && !bucket_take(&b, 1, 21 * NS_PER_SEC));
	bucket_change(&b, 0, 5, 22 * NS_PER_SEC);
	CHECK(bucket_take(&b, 5, 23 * NS_PER_SEC) && !bucket_take(&b, 1, UINT64_MAX));
	return 0;
}

static int full_means_as_if_made_anew(void)
{
	struct bucket b;

	bucket_init(&b, 1000, 2, 0);
	CHECK(bucket_is_full(&b, 0) && bucket_take(&b, 1, 0) && !bucket_is_full(&b, 0));
	CHECK(!bucket_is_full(&b, NS_PER_SEC - 1) && bucket_is_full(&b, NS_PER_SEC));
	return 0;
}

/* Beside a reckoning with twice the bits, which needs no care. */
static int any_course_is_as_reckoned_with_more_bits(void)
{
	for (int course = 0; course < 2000; course++) {
		uint64_t rate = draw(4) ? draw(1u << draw(31)) : BUCKET_RATE_MAX - draw(9);
		uint64_t burst = 1 + draw(draw(2) ? 10 : BUCKET_BURST_MAX), now = draw(1000);
		unsigned __int128 full = (unsigned __int128)burst * TOKEN_PARTS, credit = full;
		struct bucket b;

		bucket_init(&b, rate, burst, now);
		for (int step = 0; step < 100; step++) {
			uint64_t span = draw(1ull << draw(50));
			uint64_t tokens = draw(3) ? 1 : 1 + draw(burst);
			bool expected;

			now += span;
			credit += (unsigned __int128)span * rate;
			credit = credit < full ? credit : full;
			expected = credit >= (unsigned __int128)tokens * TOKEN_PARTS;
			CHECK((bucket_wait(&b, tokens, now) == 0) == expected);
			CHECK(bucket_take(&b, tokens, now) == expected);
			if (expected)
				credit -= (unsigned __int128)tokens * TOKEN_PARTS;
			CHECK(b.credit == credit);
		}
	}
	return 0;
}

TEST_MAIN({ "ten seconds give ten times the rate", ten_seconds_give_ten_times_the_rate },
	  { "looking often gives no more and no less", looking_often_gives_no_more_and_no_less },
	  { "a burst is what was not used and no more", a_burst_is_what_was_not_used_and_no_more },
	  { "the wait is exact", the_wait_is_exact },
	  { "without a rate nothing comes", without_a_rate_nothing_comes },
	  { "a clock that runs backwards gives nothing",
	    a_clock_that_runs_backwards_gives_nothing },
	  { "a changed rate holds from then on", a_changed_rate_holds_from_then_on },
	  { "full means as if made anew", full_means_as_if_made_anew },
	  { "any course is as reckoned with more bits",
	    any_course_is_as_reckoned_with_more_bits }, )
