/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/window.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/probes/sample.h"
#include "agent/signals/sched_reading.h"
#include "tests/lib/test.h"

#define CPUS 2

/* A sample in which cpu 0 had `waits` waits of 2 us, all of them cgroup 77's, in row 5. */
static struct sample *sample_at(uint64_t second, uint64_t waits)
{
	struct sample *s = NULL;

	if (sample_new(&s, CPUS))
		abort();
	s->when_ns = second * NS_PER_SEC;
	s->sched->cpu[0].slots[1] = waits;
	s->sched->cpu[0].sum_ns = waits * 2000;
	s->sched->rows[5] =
		(struct sched_count){ .id = 77, .waits = waits, .wait_ns = waits * 2000 };
	return s;
}

static int feed(struct window *w, uint64_t second, uint64_t waits)
{
	CLEANUP(sample_freep) struct sample *sample = sample_at(second, waits);

	return window_feed(w, sample);
}

static struct hist room[CPUS];
static struct sched_reading reading;
static uint64_t length_ns;

/* What a window says; NULL when it says nothing. */
static const struct sched_reading *read_window(const struct window *w)
{
	const struct sample *then, *now;

	if (!window_ends(w, &then, &now))
		return NULL;
	length_ns = now->when_ns - then->when_ns;
	return sched_reading_between(&reading, room, then->sched, now->sched) ? NULL : &reading;
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
	const struct sched_reading *r;

	CHECK(window_new(&w, CPUS, 2 * NS_PER_SEC) == 0);
	CHECK(feed(w, 1, 1000) == 0);
	CHECK(feed(w, 2, 1000) == 0);
	CHECK(feed(w, 3, 1010) == 0);
	CHECK(feed(w, 4, 1025) == 0);
	r = read_window(w);
	CHECK(r && length_ns == 2 * NS_PER_SEC);
	CHECK(hist_count(&r->cpu[0]) == 25 && r->cpu[0].sum_ns == 50000);
	CHECK(hist_count(&r->cpu[1]) == 0);
	CHECK(hist_count(&r->cpu_total[0]) == 1025);
	CHECK(r->rows == 1 && r->row[0].id == 77);
	CHECK(r->row[0].waits == 25 && r->row[0].waits_total == 1025);
	return 0;
}

static int a_long_window_of_many_samples_stays_true(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	const struct sched_reading *r;

	/* 60 s at 1 s is more than the ring keeps: it spreads what it has over the window. */
	CHECK(window_new(&w, CPUS, 60 * NS_PER_SEC) == 0);
	for (uint64_t second = 1; second <= 200; second++)
		CHECK(feed(w, second, second * 10) == 0);
	r = read_window(w);
	CHECK(r && length_ns >= 56 * NS_PER_SEC && length_ns <= 64 * NS_PER_SEC);
	CHECK(hist_count(&r->cpu[0]) == length_ns / NS_PER_SEC * 10);
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
	CHECK(hist_count(&read_window(w)->cpu[0]) == 2);
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
	const struct sched_reading *r;

	now->sched->rows[5] = (struct sched_count){ .id = 78, .waits = 30, .wait_ns = 60000 };
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(window_feed(w, then) == 0 && window_feed(w, now) == 0);
	r = read_window(w);
	CHECK(r && r->rows == 1 && r->row[0].id == 78 && r->row[0].waits == 30);
	return 0;
}

static int what_dead_cgroups_counted_stays_in_the_total_of_other(void)
{
	CLEANUP(window_freep) struct window *w = NULL;
	CLEANUP(sample_freep) struct sample *then = sample_at(1, 100);
	CLEANUP(sample_freep) struct sample *now = sample_at(2, 100);
	const struct sched_reading *r;

	now->sched->rows[5] = (struct sched_count){ 0 };
	now->sched->gone = (struct sched_count){ .waits = 100, .wait_ns = 200000 };
	CHECK(window_new(&w, CPUS, NS_PER_SEC) == 0);
	CHECK(window_feed(w, then) == 0 && window_feed(w, now) == 0);
	r = read_window(w);
	CHECK(r && r->rows == 1 && r->row[0].id == 0);
	CHECK(r->row[0].waits_total == 100);
	CHECK(r->row[0].waits == 0); /* it is no news of this window */
	return 0;
}

TEST_MAIN({ "one sample says nothing", one_sample_says_nothing },
	  { "only the window counts", only_the_window_counts },
	  { "a long window of many samples stays true", a_long_window_of_many_samples_stays_true },
	  { "a reload restarts the window", a_reload_restarts_the_window },
	  { "time that stands still restarts the window",
	    time_that_stands_still_restarts_the_window },
	  { "a row with a new owner counts from zero", a_row_with_a_new_owner_counts_from_zero },
	  { "what dead cgroups counted stays in the total of other",
	    what_dead_cgroups_counted_stays_in_the_total_of_other }, )
