/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/probes/files_sample.h"
#include "agent/probes/sample.h"
#include "agent/signals/files_window.h"
#include "agent/signals/sched_reading.h"
#include "tests/lib/test.h"

#define CPUS 2

static void add_row(struct sample *s, uint32_t row, uint64_t cgroup, uint64_t waits)
{
	struct sched_row_sample *r = sched_sample_add_row(s->sched);

	if (!r)
		abort();
	r->of = (struct ledger_row){ row, cgroup };
	r->counts.n[SCHED_WAITS] = waits;
	r->counts.n[SCHED_WAIT_NS] = waits * 2000;
}

/* A sample in which cpu 0 had `waits` waits of 2 us, all of them cgroup 77's, in row 5. */
static struct sample *sample_at(uint64_t second, uint64_t waits)
{
	struct sample *s = NULL;

	if (sample_new(&s, CPUS))
		abort();
	s->when_ns = second * NS_PER_SEC;
	s->sched->cpu[0].counts.wait.slots[1] = waits;
	s->sched->cpu[0].counts.wait.sum_ns = waits * 2000;
	add_row(s, FL_LEDGER_OTHER, 0, 0);
	add_row(s, 5, 77, waits);
	return s;
}

static int feed(struct window *w, uint64_t second, uint64_t waits)
{
	CLEANUP(sample_freep) struct sample *sample = sample_at(second, waits);

	return window_feed(w, sample);
}

static struct sched_sample *reading;
static uint64_t length_ns;

/* What a window says; NULL when it says nothing.  One reading for all, as in the agent: what is left
 * in it from before must not show. */
static const struct sched_sample *read_window(const struct window *w)
{
	const struct sample *then, *now;

	if (!window_ends(w, &then, &now))
		return NULL;
	length_ns = now->when_ns - then->when_ns;
	if (!reading && sched_sample_new(&reading, CPUS))
		abort();
	return sched_reading_between(reading, then->sched, now->sched) ? NULL : reading;
}

static uint64_t waits_of(const struct sched_sample *s, size_t cpu)
{
	return hist_count(&s->cpu[cpu].counts.wait);
}

static int one_sample_says_nothing(void)
{
	CLEANUP(window_freep) struct window *w = NULL;

	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(read_window(w) == NULL);
	CHECK(feed(w, 1, 100) == 0);
	CHECK(read_window(w) == NULL);
	return 0;
}

static int only_the_window_counts(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	const struct sched_sample *r;

	CHECK(window_new(&w, CPUS, 2 * NS_PER_SEC) == 0);
	CHECK(feed(w, 1, 1000) == 0);
	CHECK(feed(w, 2, 1000) == 0);
	CHECK(feed(w, 3, 1010) == 0);
	CHECK(feed(w, 4, 1025) == 0);
	r = read_window(w);
	CHECK(r && length_ns == 2 * NS_PER_SEC);
	CHECK(waits_of(r, 0) == 25 && r->cpu[0].counts.wait.sum_ns == 50000);
	CHECK(waits_of(r, 1) == 0);
	CHECK(r->row_count == 2 && r->rows[1].of.cgroup == 77);
	CHECK(r->rows[1].counts.n[SCHED_WAITS] == 25);
	return 0;
}

static int a_long_window_of_many_samples_stays_true(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	const struct sched_sample *r;

	/* 60 s at 1 s is more than the ring keeps: it spreads what it has over the window. */
	CHECK(window_new(&w, CPUS, 60 * NS_PER_SEC) == 0);
	for (uint64_t second = 1; second <= 200; second++)
		CHECK(feed(w, second, second * 10) == 0);
	r = read_window(w);
	CHECK(r && length_ns >= 56 * NS_PER_SEC && length_ns <= 64 * NS_PER_SEC);
	CHECK(waits_of(r, 0) == length_ns / NS_PER_SEC * 10);
	return 0;
}

static int a_reload_restarts_the_window(void)
{
	CLEANUP(window_freep) struct window *w = NULL;

	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(feed(w, 1, 1000) == 0);
	CHECK(feed(w, 2, 3) == -ESTALE);
	CHECK(read_window(w) == NULL);
	CHECK(feed(w, 3, 5) == 0);
	CHECK(waits_of(read_window(w), 0) == 2);
	return 0;
}

static int time_that_stands_still_restarts_the_window(void)
{
	CLEANUP(window_freep) struct window *w = NULL;

	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(feed(w, 5, 10) == 0);
	CHECK(feed(w, 5, 11) == -ESTALE);
	return 0;
}

static int a_row_with_a_new_owner_counts_from_zero(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	CLEANUP(sample_freep) struct sample *then = sample_at(1, 100);
	CLEANUP(sample_freep) struct sample *now = sample_at(2, 140);
	const struct sched_sample *r;

	now->sched->row_count = 1;
	add_row(now, 5, 78, 30);
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(window_feed(w, then) == 0 && window_feed(w, now) == 0);
	r = read_window(w);
	CHECK(r && r->row_count == 2 && r->rows[1].of.cgroup == 78);
	CHECK(r->rows[1].counts.n[SCHED_WAITS] == 30);
	return 0;
}

/* A cgroup that ran in the window and was removed in it: of its life only that part is news. */
static int of_a_removed_cgroup_only_the_window_counts(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	CLEANUP(sample_freep) struct sample *then = sample_at(1, 100);
	CLEANUP(sample_freep) struct sample *now = sample_at(2, 140);
	CLEANUP(sample_freep) struct sample *later = sample_at(3, 140);
	const struct sched_sample *r;

	then->sched->gone.n[SCHED_WAITS] = 1000;
	then->sched->rows[1].counts.n[SCHED_RUN_NS] = 5000;
	now->sched->row_count = 1;
	now->sched->gone.n[SCHED_WAITS] = 1000 + 140;
	now->sched->gone.n[SCHED_WAIT_NS] = 140 * 2000;
	now->sched->gone.n[SCHED_RUN_NS] = 7500;
	later->sched->row_count = 1;
	later->sched->gone = now->sched->gone;
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(window_feed(w, then) == 0 && window_feed(w, now) == 0);
	r = read_window(w);
	CHECK(r && r->row_count == 1 && r->gone.n[SCHED_WAITS] == 40);
	CHECK(r->gone.n[SCHED_WAIT_NS] == 40 * 2000 && r->gone.n[SCHED_RUN_NS] == 2500);
	CHECK(window_feed(w, later) == 0);
	r = read_window(w);
	CHECK(r && r->gone.n[SCHED_WAITS] == 0 && r->gone.n[SCHED_RUN_NS] == 0);
	return 0;
}

/* A task that was dying when its cgroup's row was freed: the row is there again, and begins anew. */
static int a_row_that_a_dying_task_took_again_hides_nothing(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	CLEANUP(sample_freep) struct sample *then = sample_at(1, 100);
	CLEANUP(sample_freep) struct sample *now = sample_at(2, 141);
	const struct sched_sample *r;

	now->sched->rows[1].counts.n[SCHED_WAITS] = 1;
	now->sched->rows[1].counts.n[SCHED_WAIT_NS] = 2000;
	now->sched->gone.n[SCHED_WAITS] = 140;
	now->sched->gone.n[SCHED_WAIT_NS] = 140 * 2000;
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(window_feed(w, then) == 0 && window_feed(w, now) == 0);
	r = read_window(w);
	CHECK(r && r->rows[1].counts.n[SCHED_WAITS] == 1 && r->gone.n[SCHED_WAITS] == 40);
	return 0;
}

static int rows_are_paired_though_others_came_and_went(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	CLEANUP(sample_freep) struct sample *then = sample_at(1, 100);
	CLEANUP(sample_freep) struct sample *now = sample_at(2, 140);
	const struct sched_sample *r;

	now->sched->row_count = 1;
	add_row(now, 3, 76, 7);
	add_row(now, 5, 77, 140);
	add_row(then, 9, 79, 9);
	add_row(now, 11, 80, 11);
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(window_feed(w, then) == 0 && window_feed(w, now) == 0);
	r = read_window(w);
	CHECK(r && r->row_count == 4);
	CHECK(r->rows[1].counts.n[SCHED_WAITS] == 7);
	CHECK(r->rows[2].counts.n[SCHED_WAITS] == 40);
	CHECK(r->rows[3].counts.n[SCHED_WAITS] == 11);
	return 0;
}

static int what_runs_now_never_counts_backwards(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	CLEANUP(sample_freep) struct sample *then = sample_at(1, 100);
	CLEANUP(sample_freep) struct sample *now = sample_at(2, 140);
	const struct sched_sample *r;

	then->sched->rows[1].counts.n[SCHED_RUN_NS] = 5000;
	now->sched->rows[1].counts.n[SCHED_RUN_NS] = 4990;
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(window_feed(w, then) == 0 && window_feed(w, now) == 0);
	r = read_window(w);
	CHECK(r && r->rows[1].counts.n[SCHED_RUN_NS] == 0);
	CHECK(r->rows[1].counts.n[SCHED_WAITS] == 40);
	return 0;
}

static struct sched_waiter_sample waiter(uint32_t thread, uint64_t waits)
{
	return (struct sched_waiter_sample){
		.thread = thread, .name = "cc1", .waits = waits, .wait_ns = waits * 5000000
	};
}

static int only_those_who_waited_in_the_window_are_waiters(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	CLEANUP(sample_freep) struct sample *then = sample_at(1, 100);
	CLEANUP(sample_freep) struct sample *now = sample_at(2, 100);
	const struct sched_sample *r;

	then->sched->waiter_count = 2;
	then->sched->waiters[0] = waiter(10, 4);
	then->sched->waiters[1] = waiter(11, 4);
	now->sched->waiter_count = 3;
	now->sched->waiters[0] = waiter(10, 4);
	now->sched->waiters[1] = waiter(11, 6);
	now->sched->waiters[2] = waiter(12, 1);
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(window_feed(w, then) == 0 && window_feed(w, now) == 0);
	r = read_window(w);
	CHECK(r && r->waiter_count == 2);
	CHECK(r->waiters[0].thread == 11 && r->waiters[0].waits == 2);
	CHECK(r->waiters[0].wait_ns == 10000000);
	CHECK(r->waiters[1].thread == 12 && r->waiters[1].waits == 1);
	return 0;
}

/* How old the reading is that one of this second is compared with; -1: there is none. */
static int files_age(const struct files_window *w, uint64_t second)
{
	const struct files_sample *s = files_window_begin(w, second * NS_PER_SEC);

	return s ? (int)(second - s->when_ns / NS_PER_SEC) : -1;
}

static int files_are_compared_with_what_was_about_a_window_ago(void)
{
	CLEANUP(files_window_clear) struct files_window w = { 0 };
	int readings = 0;

	files_window_set_length(&w, 10 * NS_PER_SEC);
	CHECK(files_age(&w, 100) == -1);
	for (uint64_t second = 100; second < 160; second++) {
		struct files_sample *s = NULL;

		if (!files_window_is_due(&w, second * NS_PER_SEC))
			continue;
		CHECK(files_sample_new(&s, CPUS) == 0);
		s->when_ns = second * NS_PER_SEC;
		files_window_feed(&w, s);
		readings++;
		CHECK(second > 100 || files_age(&w, 100) == -1); /* nothing can have happened */
		CHECK(second > 100 || files_age(&w, 101) == 1);  /* but in a second it can */
	}
	CHECK(readings == 6);
	for (uint64_t second = 150; second < 160; second++)
		CHECK(files_age(&w, second) >= 5 && files_age(&w, second) < 15);
	return 0;
}

/* Feeds a sample with these waiters, in this order. */
static int feed_waiters(struct window *w, uint64_t second, const struct sched_waiter_sample *of,
			size_t count)
{
	CLEANUP(sample_freep) struct sample *sample = sample_at(second, 100);

	sample->sched->waiter_count = count;
	for (size_t i = 0; i < count; i++)
		sample->sched->waiters[i] = of[i];
	return window_feed(w, sample);
}

#define FEED_WAITERS(w, second, ...)                                                               \
	feed_waiters(w, second, (const struct sched_waiter_sample[]){ __VA_ARGS__ },               \
		     sizeof((const struct sched_waiter_sample[]){ __VA_ARGS__ }) /                 \
			     sizeof(struct sched_waiter_sample))

static bool is_waiter(const struct sched_waiter_sample *w, uint32_t thread, uint64_t waits)
{
	return w->thread == thread && w->waits == waits && w->wait_ns == waits * 5000000;
}

static int no_waiter_is_carried_into_the_next_window(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	const struct sched_sample *r;

	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(FEED_WAITERS(w, 1, waiter(10, 4)) == 0);
	CHECK(FEED_WAITERS(w, 2, waiter(10, 7), waiter(11, 2)) == 0);
	r = read_window(w);
	CHECK(r && r->waiter_count == 2);
	CHECK(is_waiter(&r->waiters[0], 10, 3) && is_waiter(&r->waiters[1], 11, 2));
	CHECK(FEED_WAITERS(w, 3, waiter(12, 5), waiter(11, 2), waiter(10, 8)) == 0);
	r = read_window(w);
	CHECK(r && r->waiter_count == 2);
	CHECK(is_waiter(&r->waiters[0], 12, 5) && is_waiter(&r->waiters[1], 10, 1));
	CHECK(FEED_WAITERS(w, 4, waiter(12, 5), waiter(11, 2), waiter(10, 8)) == 0);
	r = read_window(w);
	CHECK(r && r->waiter_count == 0);
	return 0;
}

static int a_waiter_who_began_anew_counts_from_zero(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	struct sched_waiter_sample other = waiter(11, 9);
	const struct sched_sample *r;

	strcpy(other.name, "ld"); /* the thread id was given to somebody else */
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(FEED_WAITERS(w, 1, waiter(10, 8), waiter(11, 4)) == 0);
	CHECK(FEED_WAITERS(w, 2, waiter(10, 3), other) == 0); /* 10 lost its row and got another */
	r = read_window(w);
	CHECK(r && r->waiter_count == 2);
	CHECK(is_waiter(&r->waiters[0], 10, 3) && is_waiter(&r->waiters[1], 11, 9));
	return 0;
}

TEST_MAIN({ "one sample says nothing", one_sample_says_nothing },
	  { "only the window counts", only_the_window_counts },
	  { "a long window of many samples stays true", a_long_window_of_many_samples_stays_true },
	  { "a reload restarts the window", a_reload_restarts_the_window },
	  { "time that stands still restarts the window",
	    time_that_stands_still_restarts_the_window },
	  { "a row with a new owner counts from zero", a_row_with_a_new_owner_counts_from_zero },
	  { "of a removed cgroup only the window counts",
	    of_a_removed_cgroup_only_the_window_counts },
	  { "a row that a dying task took again hides nothing",
	    a_row_that_a_dying_task_took_again_hides_nothing },
	  { "rows are paired though others came and went",
	    rows_are_paired_though_others_came_and_went },
	  { "what runs now never counts backwards", what_runs_now_never_counts_backwards },
	  { "only those who waited in the window are waiters",
	    only_those_who_waited_in_the_window_are_waiters },
	  { "files are compared with what was about a window ago",
	    files_are_compared_with_what_was_about_a_window_ago },
	  { "no waiter is carried into the next window",
	    no_waiter_is_carried_into_the_next_window },
	  { "a waiter who began anew counts from zero",
	    a_waiter_who_began_anew_counts_from_zero }, )
