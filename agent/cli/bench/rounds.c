/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/rounds.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/printable.h"
#include "agent/cli/bench/caller.h"
#include "agent/cli/bench/job.h"
#include "agent/cli/bench/pools.h"
#include "agent/cli/bench/series.h"
#include "agent/cli/bench/spawn.h"
#include "agent/cli/bench/stop.h"

#define SHORT_PAUSE_NS (20 * NS_PER_MSEC) /* where the agent does not say how full its pools are */

static void pause_for(uint64_t ns)
{
	(void)stop_poll(NULL, 0, clock_mono_ns() + ns);
}

static void pause_before(const struct rounds *r)
{
	if (r->pause_ns != PAUSE_AUTO)
		pause_for(r->pause_ns);
	else if (!pools_wait(r->socket))
		pause_for(SHORT_PAUSE_NS);
}

static void count_answer(struct series *s, const struct outcome *o, const struct caller *c)
{
	if (o->kind) {
		tally_add(&s->tally, o);
		return;
	}
	(void)samples_add(&s->first, c->first_ns - c->sent_ns);
	(void)samples_add(&s->whole, c->whole_ns - c->sent_ns);
	s->warm += o->warm;
	if (!o->timed)
		return;
	(void)samples_add(&s->queue, o->queue_ns);
	(void)samples_add(&s->start, o->start_ns);
	(void)samples_add(&s->run, o->run_ns);
}

/* false: it was broken off, and tells nothing. */
static bool ask(const struct rounds *r, struct caller *c, struct outcome *ret)
{
	int error = caller_ask(c, r->socket, r->job->request, r->job->length, r->patience_ns);

	outcome_of(ret, c, error, r->job->expected);
	return error != -EINTR;
}

void rounds_try(const struct rounds *r, struct outcome *ret)
{
	CLEANUP(caller_done) struct caller c = CALLER_NONE;

	(void)ask(r, &c, ret);
}

static void judge_command(struct outcome *ret, int error, struct spawned *ran, const char *expected)
{
	*ret = (struct outcome){ .kind = OUTCOME_OK };
	if (error) {
		ret->kind = error == -ETIMEDOUT ? OUTCOME_TIMED_OUT : OUTCOME_FAILED;
		ret->number = -error;
		snprintf(ret->why, sizeof(ret->why), "%s", strerror(-error));
	} else if (ran->status) {
		ret->kind = OUTCOME_EXIT;
		ret->number = WIFEXITED(ran->status) ? WEXITSTATUS(ran->status)
						     : 128 + WTERMSIG(ran->status);
		ran->err[strcspn(ran->err, "\n")] = '\0';
		printable_copy(ret->why, sizeof(ret->why), ran->err);
	} else if (expected && strcmp(ran->out, expected) != 0) {
		ret->kind = OUTCOME_OUTPUT;
	}
}

/* The other mount namespace is entered before the clock runs; mounts are a process's, not a child's. */
static int run_in(const struct series *s, struct spawned *ran, uint64_t patience_ns)
{
	CLEANUP(closep) int home = -1;
	int r;

	if (s->mounts < 0)
		return spawn_run(ran, s->words, patience_ns);
	home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (home < 0 || setns(s->mounts, CLONE_NEWNS))
		return -errno;
	r = spawn_run(ran, s->words, patience_ns);
	return setns(home, CLONE_NEWNS) ? -errno : r;
}

static void run_command(const struct rounds *r, struct series *s, bool counts)
{
	struct spawned ran;
	struct outcome outcome;
	int error = run_in(s, &ran, r->patience_ns);

	judge_command(&outcome, error, &ran, r->job->expected);
	if (!counts)
		return;
	if (outcome.kind) {
		tally_add(&s->tally, &outcome);
		return;
	}
	(void)samples_add(&s->whole, ran.whole_ns);
	if (ran.first_ns)
		(void)samples_add(&s->first, ran.first_ns);
}

static void ask_agent(const struct rounds *r, struct caller *c, struct series *s, bool counts)
{
	struct outcome outcome;

	pause_before(r);
	if (!stop_asked() && ask(r, c, &outcome) && counts)
		count_answer(s, &outcome, c);
}

/* The k-th of `of` rounds has a row in it that runs `wanted` times, evenly spread. */
static bool is_due(size_t wanted, size_t k, size_t of)
{
	return (k + 1) * wanted / of > k * wanted / of;
}

static void warm_up(const struct rounds *r, struct caller *c)
{
	for (size_t k = 0; k < r->warm_up && !stop_asked(); k++)
		ask_agent(r, c, &r->series[0], false);
	for (size_t i = 1; i < r->count; i++)
		for (size_t k = 0; k < (r->warm_up + 9) / 10 && !stop_asked(); k++)
			if (!r->series[i].absent[0])
				run_command(r, &r->series[i], false);
}

static void show_progress(const struct rounds *r, size_t k, size_t of)
{
	if (r->progress)
		fprintf(stderr, k < of ? "\rfairlead: %zu of %zu" : "\r\033[K", k, of);
}

void rounds_run(struct rounds *r)
{
	CLEANUP(caller_done) struct caller c = CALLER_NONE;
	size_t of = 0;

	for (size_t i = 0; i < r->count; i++)
		of = r->series[i].wanted > of ? r->series[i].wanted : of;
	warm_up(r, &c);
	for (size_t k = 0; k < of && !stop_asked(); k++) {
		show_progress(r, k, of);
		for (size_t i = 0; i < r->count && !stop_asked(); i++) {
			struct series *s = &r->series[i];

			if (s->absent[0] || !is_due(s->wanted, k, of))
				continue;
			if (s->word_count)
				run_command(r, s, true);
			else
				ask_agent(r, &c, s, true);
		}
	}
	show_progress(r, of, of);
	r->stopped = stop_asked();
}
