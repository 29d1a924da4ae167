/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/queue_clock.h"

#include "agent/base/clock.h"
#include "tests/lib/test.h"

#define AHEAD (1000 * NS_PER_SEC) /* of the run queues' clock, raw time is */

static int the_nearest_switch_sets_the_clock(void)
{
	struct queue_clock c = { 0 };
	uint64_t t = 50 * NS_PER_SEC;

	/* the first is all there is to go by */
	CHECK(queue_clock_now(&c, t + AHEAD, t - 30 * NS_PER_MSEC) == t - 30 * NS_PER_MSEC);
	CHECK(queue_clock_now(&c, t + AHEAD + 1000, t) == t);
	/* now it is known to 1 us, however long ago the latest switch was */
	t += NS_PER_SEC;
	CHECK(queue_clock_now(&c, t + AHEAD, t - 900 * NS_PER_MSEC) == t - 1000);
	return 0;
}

static int a_clock_that_drifts_is_followed(void)
{
	struct queue_clock c = { 0 };

	/* raw time goes faster by 100 us a second */
	for (uint64_t i = 1; i < 100; i++) {
		uint64_t t = i * NS_PER_SEC, raw = t + AHEAD + i * 100000;
		uint64_t now = queue_clock_now(&c, raw, t - 20000);

		CHECK(now >= t - 20000 && now <= t + 20 * 100000);
	}
	return 0;
}

static int raw_time_may_be_behind(void)
{
	struct queue_clock c = { 0 };
	uint64_t t = 5000 * NS_PER_SEC;

	CHECK(queue_clock_now(&c, t - AHEAD, t - 10) == t - 10);
	CHECK(queue_clock_now(&c, t - AHEAD + 50, t - 10) == t + 40);
	CHECK(queue_clock_now(&c, t - AHEAD + 60, t + 60) == t + 60);
	return 0;
}

static int it_is_never_before_the_latest(void)
{
	struct queue_clock c = { 0 };
	uint64_t t = 10 * NS_PER_SEC;

	queue_clock_now(&c, t, t);
	for (int i = 1; i < 40; i++) {
		uint64_t raw = t + (uint64_t)i * NS_PER_SEC, latest = raw + (uint64_t)i * 1000;

		CHECK(queue_clock_now(&c, raw, latest) >= latest);
	}
	return 0;
}

TEST_MAIN({ "the nearest switch sets the clock", the_nearest_switch_sets_the_clock },
	  { "a clock that drifts is followed", a_clock_that_drifts_is_followed },
	  { "raw time may be behind", raw_time_may_be_behind },
	  { "it is never before the latest", it_is_never_before_the_latest }, )
