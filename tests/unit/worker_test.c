/* SPDX-License-Identifier: Apache-2.0 */
/* Built under the thread sanitizer too (tests/run.sh): a race is a failure there. */
#include "agent/loop/worker.h"

#include <errno.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/loop/loop.h"
#include "tests/lib/test.h"

struct scene {
	struct loop *loop;
	struct worker *worker;
	sem_t gate; /* work waits for it, where it is told to */
	int done, worked, stop_at;
	uint64_t sum;
};

struct sum_job {
	struct worker_job job; /* first */
	struct scene *scene;
	bool waits;
	unsigned char bytes[4096];
	uint64_t sum;
};

static void work(struct worker_job *job)
{
	struct sum_job *j = (struct sum_job *)job;

	if (j->waits)
		sem_wait(&j->scene->gate);
	for (size_t i = 0; i < sizeof(j->bytes); i++)
		j->sum += j->bytes[i];
}

static void done(struct worker_job *job, bool worked)
{
	struct sum_job *j = (struct sum_job *)job;
	struct scene *s = j->scene;

	s->worked += worked;
	s->sum += j->sum;
	free(j);
	if (++s->done == s->stop_at)
		loop_stop(s->loop, 0);
}

static int give(struct scene *s, bool waits)
{
	struct sum_job *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		abort();
	*j = (struct sum_job){ .job = { .work = work, .done = done }, .scene = s, .waits = waits };
	memset(j->bytes, 1, sizeof(j->bytes));
	r = worker_give(s->worker, &j->job);
	if (r)
		free(j);
	return r;
}

static void begin(struct scene *s, unsigned int room)
{
	*s = (struct scene){ 0 };
	sem_init(&s->gate, 0, 0);
	if (loop_new(&s->loop) || worker_new(&s->worker, s->loop, room))
		abort();
}

static void end(struct scene *s)
{
	s->worker = worker_free(s->worker);
	s->loop = loop_free(s->loop);
	sem_destroy(&s->gate);
}

static int every_job_is_worked_and_told_in_the_loop(void)
{
	struct scene s;

	begin(&s, 1000);
	s.stop_at = 1000;
	for (int i = 0; i < 1000; i++)
		CHECK(give(&s, false) == 0);
	CHECK(loop_run(s.loop) == 0);
	CHECK(s.done == 1000 && s.worked == 1000 && s.sum == 1000 * 4096);
	end(&s);
	return 0;
}

static int a_full_queue_refuses_and_forgets_nothing(void)
{
	struct scene s;
	int taken = 0;

	begin(&s, 3);
	/* One is being worked on at most, so of five one finds no room. */
	for (int i = 0; i < 5; i++)
		taken += give(&s, true) == 0;
	CHECK(taken == 3 || taken == 4);
	CHECK(give(&s, true) == -EAGAIN || ++taken == 4);
	for (int i = 0; i < taken; i++)
		sem_post(&s.gate);
	s.stop_at = taken;
	CHECK(loop_run(s.loop) == 0);
	CHECK(s.done == taken && s.worked == taken);
	CHECK(give(&s, false) == 0);
	end(&s);
	CHECK(s.done == taken + 1);
	return 0;
}

static int an_end_tells_those_who_still_waited(void)
{
	struct scene s;

	begin(&s, 8);
	for (int i = 0; i < 8; i++)
		CHECK(give(&s, i == 0) == 0);
	sem_post(&s.gate); /* from here on any number of them may be worked before the end */
	s.worker = worker_free(s.worker);
	CHECK(s.done == 8);
	CHECK(s.sum ==
	      (uint64_t)s.worked * 4096); /* worked is worked, and the others are untouched */
	end(&s);
	return 0;
}

static int without_a_job_there_is_no_thread_to_end(void)
{
	struct scene s;

	begin(&s, 1);
	end(&s);
	CHECK(s.done == 0);
	return 0;
}

TEST_MAIN({ "every job is worked and told in the loop", every_job_is_worked_and_told_in_the_loop },
	  { "a full queue refuses and forgets nothing", a_full_queue_refuses_and_forgets_nothing },
	  { "an end tells those who still waited", an_end_tells_those_who_still_waited },
	  { "without a job there is no thread to end", without_a_job_there_is_no_thread_to_end }, )
