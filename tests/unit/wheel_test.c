/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/wheel.h"

#include <stdlib.h>

#include "agent/base/clock.h"
#include "tests/lib/test.h"

#define TICK (1ull << WHEEL_SHIFT)

static int nothing_is_early_and_nothing_a_tick_late(void)
{
	static struct wheel w;
	struct wheel_entry e;

	for (uint64_t at = NS_PER_SEC; at < 60 * NS_PER_SEC; at += 777777777) {
		wheel_init(&w, NS_PER_SEC);
		wheel_entry_init(&e);
		wheel_add(&w, &e, at);
		CHECK(!wheel_take_due(&w, at - 1));
		CHECK(wheel_take_due(&w, at + TICK) == &e && !w.count);
	}
	return 0;
}

static int a_long_pause_loses_nothing(void)
{
	static struct wheel w;
	struct wheel_entry e[100];
	int taken = 0;

	wheel_init(&w, 0);
	for (int i = 0; i < 100; i++) {
		wheel_entry_init(&e[i]);
		wheel_add(&w, &e[i], (uint64_t)i * NS_PER_SEC);
	}
	while (wheel_take_due(&w, 50 * NS_PER_SEC + TICK))
		taken++;
	CHECK(taken == 51 && w.count == 49);
	while (wheel_take_due(&w, 10000 * NS_PER_SEC))
		taken++;
	CHECK(taken == 100 && wheel_when(&w) == WHEEL_NEVER);
	return 0;
}

static int what_is_over_already_is_due_at_once(void)
{
	static struct wheel w;
	struct wheel_entry e;

	wheel_init(&w, 100 * NS_PER_SEC);
	wheel_entry_init(&e);
	wheel_add(&w, &e, 5);
	CHECK(wheel_when(&w) == 0 && wheel_take_due(&w, 100 * NS_PER_SEC) == &e);
	return 0;
}

static int a_clock_that_runs_backwards_does_no_harm(void)
{
	static struct wheel w;
	struct wheel_entry e;

	wheel_init(&w, 100 * NS_PER_SEC);
	wheel_entry_init(&e);
	wheel_add(&w, &e, 101 * NS_PER_SEC);
	CHECK(!wheel_take_due(&w, 3 * NS_PER_SEC));
	CHECK(wheel_take_due(&w, 101 * NS_PER_SEC + TICK) == &e);
	return 0;
}

/* Who asks when told to ask gets each within a tick, and is not asked for nothing for ever. */
static int asking_when_told_finds_each_in_time(void)
{
	enum { ENTRIES = 2000 };
	static struct wheel_entry e[ENTRIES];
	static struct wheel w;
	uint64_t now = 0;
	int taken = 0, asked = 0;

	srandom(1);
	wheel_init(&w, 0);
	for (int i = 0; i < ENTRIES; i++) {
		wheel_entry_init(&e[i]);
		wheel_add(&w, &e[i], (uint64_t)random() * 30); /* up to 64 s */
	}
	for (int i = 0; i < ENTRIES; i += 10)
		wheel_remove(&w, &e[i]);
	while ((now = wheel_when(&w)) != WHEEL_NEVER) {
		struct wheel_entry *due;

		asked++;
		while ((due = wheel_take_due(&w, now))) {
			CHECK((due - e) % 10 && due->at_ns <= now && due->at_ns + TICK >= now);
			taken++;
		}
	}
	CHECK(taken == ENTRIES * 9 / 10 && asked <= 65 * 120);
	return 0;
}

TEST_MAIN({ "nothing is early and nothing a tick late", nothing_is_early_and_nothing_a_tick_late },
	  { "a long pause loses nothing", a_long_pause_loses_nothing },
	  { "what is over already is due at once", what_is_over_already_is_due_at_once },
	  { "a clock that runs backwards does no harm", a_clock_that_runs_backwards_does_no_harm },
	  { "asking when told finds each in time", asking_when_told_finds_each_in_time }, )
