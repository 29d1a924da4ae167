/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loop/loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "tests/lib/test.h"

struct scene {
	struct loop *loop;
	struct loop_source *a, *b;
	int fired, signal;
};

static void count_to_three(void *context, uint32_t events)
{
	struct scene *s = context;

	(void)events;
	if (++s->fired == 3)
		loop_stop(s->loop, 42);
}

static void note_signal(void *context, uint32_t signal)
{
	struct scene *s = context;

	s->signal = (int)signal;
	loop_stop(s->loop, 0);
}

static void drop_both(void *context, uint32_t events)
{
	struct scene *s = context;

	(void)events;
	s->fired++;
	s->a = loop_drop(s->a);
	s->b = loop_drop(s->b);
	loop_stop(s->loop, 0);
}

static int a_timer_fires_until_the_loop_is_stopped(void)
{
	struct scene s = { 0 };

	CHECK(loop_new(&s.loop) == 0);
	CHECK(loop_timer(s.loop, NS_PER_MSEC, count_to_three, &s, NULL) == 0);
	CHECK(loop_run(s.loop) == 42);
	CHECK(s.fired == 3);
	loop_free(s.loop);
	return 0;
}

static int a_signal_arrives_as_an_event(void)
{
	struct scene s = { 0 };

	CHECK(loop_new(&s.loop) == 0);
	CHECK(loop_signal(s.loop, SIGUSR2, note_signal, &s) == 0);
	CHECK(kill(getpid(), SIGUSR2) == 0);
	CHECK(loop_run(s.loop) == 0);
	CHECK(s.signal == SIGUSR2);
	loop_free(s.loop);
	return 0;
}

static int a_source_dropped_by_another_of_its_batch_stays_silent(void)
{
	struct scene s = { 0 };
	int a[2], b[2];

	CHECK(loop_new(&s.loop) == 0 && pipe(a) == 0 && pipe(b) == 0);
	CHECK(loop_watch(s.loop, a[0], EPOLLIN, drop_both, &s, &s.a) == 0);
	CHECK(loop_watch(s.loop, b[0], EPOLLIN, drop_both, &s, &s.b) == 0);
	CHECK(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
	CHECK(loop_run(s.loop) == 0);
	CHECK(s.fired == 1);
	loop_free(s.loop);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
	return 0;
}

static void hog(void *context, uint32_t events)
{
	struct scene *s = context;
	uint64_t until = clock_mono_ns() + 20 * NS_PER_MSEC;

	(void)events;
	while (clock_mono_ns() < until)
		;
	if (++s->fired == 2)
		loop_stop(s->loop, 0);
}

static int a_callback_that_takes_long_shows_as_lag(void)
{
	struct scene s = { 0 };

	CHECK(loop_new(&s.loop) == 0);
	CHECK(loop_timer(s.loop, 5 * NS_PER_MSEC, hog, &s, NULL) == 0);
	CHECK(loop_run(s.loop) == 0);
	CHECK(loop_lag_max_ns(s.loop) >= 10 * NS_PER_MSEC);
	CHECK(loop_lag_max_ns(s.loop) == 0); /* asked once, told once */
	loop_free(s.loop);
	return 0;
}

TEST_MAIN({ "a timer fires until the loop is stopped", a_timer_fires_until_the_loop_is_stopped },
	  { "a signal arrives as an event", a_signal_arrives_as_an_event },
	  { "a source dropped by another of its batch stays silent",
	    a_source_dropped_by_another_of_its_batch_stays_silent },
	  { "a callback that takes long shows as lag", a_callback_that_takes_long_shows_as_lag }, )
