/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/decide/budget.h"

#include "agent/base/clock.h"
#include "tests/lib/test.h"

enum { SCHED, DISK };
static const struct budget_detail details[] = { { "sched.detail", SCHED },
						{ "sched.cgroups", SCHED },
						{ "disk.cgroups", DISK } };

static uint64_t now_ns;

/* A second with these shares of a node of four CPUs, in thousandths; 1 % is allowed. */
static struct budget_step second(struct budget *b, uint64_t sched, uint64_t disk)
{
	const struct budget_load load = { .now_ns = now_ns + NS_PER_SEC,
					  .span_ns = NS_PER_SEC,
					  .cpus = 4,
					  .allowed_ns = 10 * NS_PER_MSEC,
					  .cost_ns = { sched * 4 * NS_PER_MSEC,
						       disk * 4 * NS_PER_MSEC },
					  .wanted = { true, true, true } };

	now_ns = load.now_ns;
	return budget_step(b, &load);
}

static struct budget fresh(void)
{
	struct budget b;

	now_ns = 0;
	budget_init(&b, details, 3);
	return b;
}

static int a_burst_changes_nothing(void)
{
	struct budget b = fresh();

	for (int i = 0; i < 10; i++) {
		CHECK(second(&b, 30, 0).verdict == BUDGET_STAY);
		CHECK(second(&b, 30, 0).verdict == BUDGET_STAY);
		CHECK(second(&b, 5, 4).verdict == BUDGET_STAY);
	}
	CHECK(b.share > 0.0089 && b.share < 0.0091);
	return 0;
}

static int the_dearest_detail_goes_first(void)
{
	struct budget b = fresh();
	struct budget_step s;

	second(&b, 8, 9);
	second(&b, 8, 9);
	s = second(&b, 8, 9);
	CHECK(s.verdict == BUDGET_LEAVE_OUT && s.detail == 2 && b.off[2]);
	second(&b, 8, 4);
	second(&b, 8, 4);
	s = second(&b, 8, 4);
	CHECK(s.verdict == BUDGET_LEAVE_OUT && s.detail == 0);
	return 0;
}

static int what_is_left_is_measured_whatever_it_costs(void)
{
	struct budget b = fresh();

	for (int i = 0; i < 9; i++)
		second(&b, 50, 50);
	CHECK(b.off[0] && b.off[1] && b.off[2]);
	for (int i = 0; i < 9; i++)
		CHECK(second(&b, 50, 50).verdict == BUDGET_STAY);
	return 0;
}

static int it_comes_back_after_a_minute_of_room(void)
{
	struct budget b = fresh();
	struct budget_step s = { 0 };
	int seconds = 0;

	for (int i = 0; i < 3; i++)
		second(&b, 20, 0);
	CHECK(b.off[0]);
	second(&b, 6, 0); /* below the budget, but no room */
	while (s.verdict == BUDGET_STAY && seconds < 1000) {
		s = second(&b, 2, 0);
		seconds++;
	}
	CHECK(s.verdict == BUDGET_BRING_BACK && s.detail == 0 && !b.off[0]);
	CHECK(seconds == 61);
	return 0;
}

static int what_goes_again_at_once_stays_away_longer(void)
{
	struct budget b = fresh();
	int seconds = 0;

	for (int i = 0; i < 3; i++)
		second(&b, 20, 0);
	while (b.off[0])
		second(&b, 1, 0);
	for (int i = 0; i < 3; i++)
		second(&b, 20, 0);
	CHECK(b.off[0]);
	while (b.off[0] && seconds < 10000) {
		second(&b, 1, 0);
		seconds++;
	}
	CHECK(seconds == 121);
	return 0;
}

/* Leaves a detail out and has it back as soon as may be; for how many seconds it was away. */
static int away(struct budget *b)
{
	int seconds = 0;

	for (int i = 0; i < 3; i++)
		second(b, 20, 0);
	while (b->off[0] && seconds < 20000) {
		second(b, 1, 0);
		seconds++;
	}
	return seconds;
}

static int nothing_stays_away_for_more_than_an_hour_of_room(void)
{
	static const int expected[] = { 61, 121, 241, 481, 961, 1921, 3601, 3601, 3601 };
	struct budget b = fresh();

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		CHECK(away(&b) == expected[i]);
	return 0;
}

static int an_hour_without_trouble_is_forgiven(void)
{
	struct budget b = fresh();

	CHECK(away(&b) == 61);
	CHECK(away(&b) == 121);
	for (int i = 0; i < 600; i++) /* longer than it was away, and no hour: as long again */
		second(&b, 1, 0);
	CHECK(away(&b) == 121);
	for (int i = 0; i < 3600; i++)
		second(&b, 1, 0);
	CHECK(away(&b) == 61);
	return 0;
}

static int what_nobody_wants_is_not_switched(void)
{
	struct budget b = fresh();
	const struct budget_load load = { .now_ns = NS_PER_SEC,
					  .span_ns = NS_PER_SEC,
					  .cpus = 1,
					  .allowed_ns = 1,
					  .cost_ns = { NS_PER_SEC } };

	for (int i = 0; i < 9; i++)
		CHECK(budget_step(&b, &load).verdict == BUDGET_STAY);
	return 0;
}

TEST_MAIN({ "a burst changes nothing", a_burst_changes_nothing },
	  { "the dearest detail goes first", the_dearest_detail_goes_first },
	  { "what is left is measured whatever it costs",
	    what_is_left_is_measured_whatever_it_costs },
	  { "it comes back after a minute of room", it_comes_back_after_a_minute_of_room },
	  { "what goes again at once stays away longer",
	    what_goes_again_at_once_stays_away_longer },
	  { "nothing stays away for more than an hour of room",
	    nothing_stays_away_for_more_than_an_hour_of_room },
	  { "an hour without trouble is forgiven", an_hour_without_trouble_is_forgiven },
	  { "what nobody wants is not switched", what_nobody_wants_is_not_switched }, )
