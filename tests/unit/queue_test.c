/* SPDX-License-Identifier: Apache-2.0 */
/* Which job goes next, beside a slow queue that does the same by looking through all. */
#include "agent/jobs/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "tests/lib/test.h"

enum { LANES = 4, MANY = 10000 };

static struct queue q;
static struct queue_lane lanes[LANES];
static struct queue_entry entries[MANY];

static void fresh(size_t max)
{
	queue_init(&q, max, 0);
	for (int i = 0; i < LANES; i++)
		queue_lane_init(&lanes[i], &q);
	for (int i = 0; i < MANY; i++)
		queue_entry_init(&entries[i]);
}

static void put(int entry, int lane, enum queue_class class)
{
	if (queue_put(&lanes[lane], &entries[entry], class, 0, 1))
		abort();
}

/* Its number, or -1. */
static int take(void)
{
	bool expired;
	struct queue_entry *e = queue_take(&q, 1, &expired);

	return e ? (int)(e - entries) : -1;
}

/* Whether these go next, one after the other; -1: none does. */
static bool goes(const char *numbers)
{
	for (char *end; *numbers; numbers = end)
		if (strtol(numbers, &end, 10) != take())
			return false;
	return true;
}

static int classes_go_in_their_order(void)
{
	fresh(MANY);
	put(0, 0, QUEUE_BATCH);
	put(1, 0, QUEUE_NORMAL);
	put(2, 0, QUEUE_LATENCY);
	put(3, 1, QUEUE_LATENCY);
	CHECK(q.total == 4 && q.length[QUEUE_LATENCY] == 2 && lanes[0].length == 3);
	CHECK(goes("2 3 1 0 -1"));
	CHECK(!q.total && !q.length[QUEUE_LATENCY] && !lanes[0].length);
	return 0;
}

static int tenants_take_turns_and_keep_their_order(void)
{
	fresh(MANY);
	for (int i = 0; i < 5; i++)
		put(i, 0, QUEUE_NORMAL);
	put(5, 1, QUEUE_NORMAL);
	put(6, 1, QUEUE_NORMAL);
	put(7, 2, QUEUE_NORMAL);
	CHECK(goes("0 5 7 1 6"));
	put(8, 2, QUEUE_NORMAL); /* who comes again stands behind */
	CHECK(goes("2 8 3 4 -1"));
	return 0;
}

/* Latency jobs without end; how many starts there are before the one that waits. */
static int starts_before(int waits)
{
	for (int starts = 0; starts < 1000; starts++) {
		put(100 + starts, 1, QUEUE_LATENCY);
		if (take() == waits)
			return starts;
	}
	return -1;
}

static int no_class_waits_for_ever(void)
{
	fresh(MANY);
	put(0, 0, QUEUE_BATCH);
	CHECK(starts_before(0) == 32);
	fresh(MANY);
	put(0, 0, QUEUE_NORMAL);
	CHECK(starts_before(0) == 8);
	fresh(MANY);
	for (int i = 0; i < 20; i++)
		put(i, 2, QUEUE_NORMAL);
	put(20, 0, QUEUE_BATCH);
	CHECK(starts_before(20) <= 34); /* normal ones may be due as well, and go first */
	return 0;
}

static int a_backlog_of_batch_does_not_stand_before_latency(void)
{
	int waited, worst = 0;
	bool expired;

	fresh(MANY);
	for (int i = 0; i < 5000; i++)
		put(i, 0, QUEUE_BATCH);
	for (int i = 0; i < 100; i++) { /* an hour on; a latency job comes now and then */
		put(5000 + i, 1, QUEUE_LATENCY);
		waited = 0;
		while (queue_take(&q, 3600 * NS_PER_SEC, &expired) != &entries[5000 + i])
			waited++;
		worst = waited > worst ? waited : worst;
		for (int k = 0; k < 20; k++)
			CHECK(queue_take(&q, 3600 * NS_PER_SEC, &expired));
	}
	CHECK(worst <= 1);
	return 0;
}

static int a_held_lane_lets_the_others_pass(void)
{
	fresh(MANY);
	put(0, 0, QUEUE_LATENCY);
	put(1, 1, QUEUE_BATCH);
	queue_hold(&lanes[0]);
	put(2, 0, QUEUE_NORMAL);
	CHECK(goes("1 -1") && q.total == 2);
	queue_release(&lanes[0]);
	CHECK(goes("0 2 -1"));
	return 0;
}

static int what_is_cancelled_never_goes(void)
{
	fresh(MANY);
	put(0, 0, QUEUE_NORMAL);
	put(1, 0, QUEUE_NORMAL);
	put(2, 0, QUEUE_NORMAL);
	queue_remove(&entries[1]);
	queue_remove(&entries[1]); /* twice is once */
	CHECK(q.total == 2 && lanes[0].length == 2);
	CHECK(goes("0 2 -1"));
	queue_remove(&entries[0]);
	CHECK(!q.total);
	return 0;
}

static int the_length_is_limited(void)
{
	fresh(2);
	put(0, 0, QUEUE_NORMAL);
	CHECK(!queue_is_full(&q));
	put(1, 0, QUEUE_NORMAL);
	CHECK(queue_is_full(&q));
	CHECK(queue_put(&lanes[1], &entries[2], QUEUE_LATENCY, 0, 1) == -ENOBUFS);
	CHECK(take() == 0 && !queue_put(&lanes[1], &entries[2], QUEUE_LATENCY, 0, 1));
	return 0;
}

static int what_expired_is_handed_out_as_expired(void)
{
	bool expired;

	fresh(MANY);
	queue_put(&lanes[0], &entries[0], QUEUE_LATENCY, NS_PER_SEC, 1);
	queue_put(&lanes[0], &entries[1], QUEUE_LATENCY, 0, 1);
	queue_put(&lanes[1], &entries[2], QUEUE_BATCH, 2 * NS_PER_SEC, 1);
	queue_hold(&lanes[1]); /* that it may not go does not keep it */
	CHECK(!queue_take_expired(&q, NS_PER_SEC - 1) && queue_when(&q) > NS_PER_SEC);
	CHECK(queue_take(&q, NS_PER_SEC, &expired) == &entries[0] && expired);
	CHECK(queue_take_expired(&q, 3 * NS_PER_SEC) == &entries[2]);
	CHECK(queue_take(&q, 3 * NS_PER_SEC, &expired) == &entries[1] && !expired);
	CHECK(!q.total && queue_when(&q) == WHEEL_NEVER);
	return 0;
}

/* --- beside the slow one --- */

enum { MODELLED = 40 };
#define FAR (UINT64_MAX / 2)
static uint64_t number_of[MODELLED]; /* in the order in which they came */
static uint64_t deadline_of[MODELLED];

static bool is_first_of_its_lane(const struct queue_entry *e)
{
	for (int i = 0; i < MODELLED; i++)
		if (entries[i].lane == e->lane && entries[i].class == e->class &&
		    number_of[i] < number_of[e - entries])
			return false;
	return true;
}

/* One of a held lane whose deadline has passed may still be a tick away. */
static bool some_must_go(uint64_t now)
{
	for (int i = 0; i < MODELLED; i++)
		if (entries[i].lane &&
		    (!entries[i].lane->held || deadline_of[i] + (1ull << WHEEL_SHIFT) < now))
			return true;
	return false;
}

static bool is_consistent(void)
{
	size_t total = 0, length[_QUEUE_CLASS_MAX] = { 0 };

	for (int i = 0; i < MODELLED; i++)
		if (entries[i].lane) {
			total++;
			length[entries[i].class]++;
		}
	for (int c = 0; c < _QUEUE_CLASS_MAX; c++)
		if (length[c] != q.length[c])
			return false;
	return total == q.total &&
	       total == lanes[0].length + lanes[1].length + lanes[2].length + lanes[3].length;
}

/* What it was before it was taken is in `was`. */
static bool is_right(const struct queue_entry *was, uint64_t now, bool expired)
{
	if (expired != (deadline_of[was - entries] <= now))
		return false;
	return expired || (!was->lane->held && is_first_of_its_lane(was));
}

static int take_one(uint64_t now)
{
	static struct queue_entry before[MODELLED];
	struct queue_entry *e, after;
	bool expired, must = some_must_go(now);

	for (int i = 0; i < MODELLED; i++)
		before[i] = entries[i];
	e = queue_take(&q, now, &expired);
	if (!e)
		return must;
	after = *e;
	e->lane = before[e - entries].lane; /* as it stood, to judge it */
	if (!is_right(e, now, expired))
		return 1;
	*e = after;
	return 0;
}

static int any_course_keeps_the_rules(void)
{
	uint64_t now = 1, number = 0;

	srandom(7);
	fresh(MODELLED - 5);
	for (int step = 0; step < 200000; step++) {
		int i = (int)(random() % MODELLED), lane = (int)(random() % LANES);

		now += (uint64_t)(random() % (30 * NS_PER_MSEC));
		switch (random() % 6) {
		case 0:
		case 1:
			if (entries[i].lane)
				break;
			deadline_of[i] = random() % 2 ? now + random() % NS_PER_SEC : FAR;
			number_of[i] = number++;
			queue_put(&lanes[lane], &entries[i], random() % _QUEUE_CLASS_MAX,
				  deadline_of[i] == FAR ? 0 : deadline_of[i], now);
			break;
		case 2:
			queue_remove(&entries[i]);
			break;
		case 3:
			(random() % 3 ? queue_release : queue_hold)(&lanes[lane]);
			break;
		default:
			CHECK(take_one(now) == 0);
		}
		CHECK(is_consistent());
	}
	return 0;
}

/* --- what it costs --- */

static double since(uint64_t start)
{
	return (double)(clock_mono_ns() - start) / MANY;
}

static int ten_thousand_cost_no_more_than_one(void)
{
	double put_ns, remove_ns, take_ns;
	uint64_t start, now = 1;
	bool expired;

	fresh(MANY);
	start = clock_mono_ns();
	for (int i = 0; i < MANY; i++)
		queue_put(&lanes[i % LANES], &entries[i], i % _QUEUE_CLASS_MAX,
			  now + (uint64_t)(i % 60) * NS_PER_SEC + NS_PER_SEC, now);
	put_ns = since(start);
	start = clock_mono_ns();
	for (int i = 0; i < MANY; i++) { /* with all of them there, from anywhere */
		struct queue_entry *e = &entries[(i * 7919) % MANY];
		queue_remove(e);
		queue_put(&lanes[i % LANES], e, i % _QUEUE_CLASS_MAX, 60 * NS_PER_SEC, now);
	}
	remove_ns = since(start);
	start = clock_mono_ns();
	for (int i = 0; i < MANY; i++)
		CHECK(queue_take(&q, now += 1000000, &expired) && !expired);
	take_ns = since(start);
	printf("# put %.0f ns, remove and put %.0f ns, take %.0f ns of %d\n", put_ns, remove_ns,
	       take_ns, MANY);
	CHECK(put_ns < 5000 && remove_ns < 5000 && take_ns < 5000); /* sanitizers are slow */
	return 0;
}

TEST_MAIN({ "classes go in their order", classes_go_in_their_order },
	  { "tenants take turns and keep their order", tenants_take_turns_and_keep_their_order },
	  { "no class waits for ever", no_class_waits_for_ever },
	  { "a backlog of batch does not stand before latency",
	    a_backlog_of_batch_does_not_stand_before_latency },
	  { "a held lane lets the others pass", a_held_lane_lets_the_others_pass },
	  { "what is cancelled never goes", what_is_cancelled_never_goes },
	  { "the length is limited", the_length_is_limited },
	  { "what expired is handed out as expired", what_expired_is_handed_out_as_expired },
	  { "any course keeps the rules", any_course_keeps_the_rules },
	  { "ten thousand cost no more than one", ten_thousand_cost_no_more_than_one }, )
