/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/sched_signal.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "tests/lib/test.h"

#define CPUS 2

/* A sample in which cpu 0 had `waits` waits of 2 us, all of them cgroup 77's, in row 5. */
static struct sched_sample *sample_at(uint64_t second, uint64_t waits)
{
	struct sched_sample *s = NULL;

	if (sched_sample_new(&s, CPUS))
		abort();
	s->when_ns = second * NS_PER_SEC;
	s->cpu[0].slots[1] = waits;
	s->cpu[0].sum_ns = waits * 2000;
	s->rows[5] = (struct sched_count){ .id = 77, .waits = waits, .wait_ns = waits * 2000 };
	return s;
}

static int feed(struct sched_signal *s, uint64_t second, uint64_t waits)
{
	CLEANUP(sched_sample_freep) struct sched_sample *sample = sample_at(second, waits);

	return sched_signal_feed(s, sample);
}

static int one_sample_says_nothing(void)
{
	CLEANUP(sched_signal_freep) struct sched_signal *s = NULL;

	CHECK(sched_signal_new(&s, CPUS, NS_PER_SEC) == 0);
	CHECK(sched_signal_read(s) == NULL);
	CHECK(feed(s, 1, 100) == 0);
	CHECK(sched_signal_read(s) == NULL);
	return 0;
}

static int only_the_window_counts(void)
{
	CLEANUP(sched_signal_freep) struct sched_signal *s = NULL;
	const struct sched_reading *r;

	CHECK(sched_signal_new(&s, CPUS, 2 * NS_PER_SEC) == 0);
	CHECK(feed(s, 1, 1000) == 0);
	CHECK(feed(s, 2, 1000) == 0);
	CHECK(feed(s, 3, 1010) == 0);
	CHECK(feed(s, 4, 1025) == 0);
	r = sched_signal_read(s);
	CHECK(r && r->window_ns == 2 * NS_PER_SEC);
	CHECK(hist_count(&r->cpu[0]) == 25 && r->cpu[0].sum_ns == 50000);
	CHECK(hist_count(&r->cpu[1]) == 0);
	CHECK(hist_count(&r->cpu_total[0]) == 1025);
	CHECK(r->rows == 1 && r->row[0].id == 77);
	CHECK(r->row[0].waits == 25 && r->row[0].waits_total == 1025);
	return 0;
}

static int a_long_window_of_many_samples_stays_true(void)
{
	CLEANUP(sched_signal_freep) struct sched_signal *s = NULL;
	const struct sched_reading *r;

	/* 60 s at 1 s is more than the ring keeps: it spreads what it has over the window. */
	CHECK(sched_signal_new(&s, CPUS, 60 * NS_PER_SEC) == 0);
	for (uint64_t second = 1; second <= 200; second++)
		CHECK(feed(s, second, second * 10) == 0);
	r = sched_signal_read(s);
	CHECK(r && r->window_ns >= 56 * NS_PER_SEC && r->window_ns <= 64 * NS_PER_SEC);
	CHECK(hist_count(&r->cpu[0]) == r->window_ns / NS_PER_SEC * 10);
	return 0;
}

static int a_reload_restarts_the_window(void)
{
	CLEANUP(sched_signal_freep) struct sched_signal *s = NULL;

	CHECK(sched_signal_new(&s, CPUS, NS_PER_SEC) == 0);
	CHECK(feed(s, 1, 1000) == 0);
	CHECK(feed(s, 2, 3) == -ESTALE);
	CHECK(sched_signal_read(s) == NULL);
	CHECK(feed(s, 3, 5) == 0);
	CHECK(hist_count(&sched_signal_read(s)->cpu[0]) == 2);
	return 0;
}

static int time_that_stands_still_restarts_the_window(void)
{
	CLEANUP(sched_signal_freep) struct sched_signal *s = NULL;

	CHECK(sched_signal_new(&s, CPUS, NS_PER_SEC) == 0);
	CHECK(feed(s, 5, 10) == 0);
	CHECK(feed(s, 5, 11) == -ESTALE);
	return 0;
}

static int a_row_with_a_new_owner_counts_from_zero(void)
{
	CLEANUP(sched_signal_freep) struct sched_signal *s = NULL;
	CLEANUP(sched_sample_freep) struct sched_sample *then = sample_at(1, 100);
	CLEANUP(sched_sample_freep) struct sched_sample *now = sample_at(2, 140);
	const struct sched_reading *r;

	now->rows[5] = (struct sched_count){ .id = 78, .waits = 30, .wait_ns = 60000 };
	CHECK(sched_signal_new(&s, CPUS, NS_PER_SEC) == 0);
	CHECK(sched_signal_feed(s, then) == 0 && sched_signal_feed(s, now) == 0);
	r = sched_signal_read(s);
	CHECK(r && r->rows == 1 && r->row[0].id == 78 && r->row[0].waits == 30);
	return 0;
}

static int what_dead_cgroups_counted_stays_in_the_total_of_other(void)
{
	CLEANUP(sched_signal_freep) struct sched_signal *s = NULL;
	CLEANUP(sched_sample_freep) struct sched_sample *then = sample_at(1, 100);
	CLEANUP(sched_sample_freep) struct sched_sample *now = sample_at(2, 100);
	const struct sched_reading *r;

	now->rows[5] = (struct sched_count){ 0 };
	now->gone = (struct sched_count){ .waits = 100, .wait_ns = 200000 };
	CHECK(sched_signal_new(&s, CPUS, NS_PER_SEC) == 0);
	CHECK(sched_signal_feed(s, then) == 0 && sched_signal_feed(s, now) == 0);
	r = sched_signal_read(s);
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
