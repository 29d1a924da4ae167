/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/cli/bench/caller.h"
#include "agent/cli/bench/job.h"
#include "agent/cli/bench/pools.h"
#include "agent/cli/bench/stop.h"

#define BACK_OFF_NS (5 * NS_PER_MSEC)   /* who was refused does not ask again at once */
#define TICK_NS     (100 * NS_PER_MSEC) /* looks at who waits in vain, and at memory */
#define TICKS_A_PSS 10                  /* adding up a process's pages takes longer */

enum { EVENTS = 256 };

struct lane {
	struct caller caller;
	enum { LANE_IDLE, LANE_ASKING, LANE_PARKED } state;
	bool begins;          /* parked: its request has yet to be sent; else it makes a new one */
	uint64_t intended_ns; /* when the request was to be sent */
	uint64_t deadline_ns; /* for its answer; parked: when it goes on */
};

struct engine {
	struct load *load;
	const struct load_terms *terms;
	struct lane *lanes;
	struct lane **idle; /* a stack */
	size_t idle_count;
	struct lane **parked; /* a ring: who waits the same time goes on in the order of coming */
	size_t parked_first, parked_count;
	int epoll;
	uint64_t began_ns, end_ns, tick_ns, ticks;
	uint64_t next; /* of an open loop: number of the request to be sent next */
};

static void park(struct engine *e, struct lane *lane, bool begins)
{
	lane->state = LANE_PARKED;
	lane->begins = begins;
	lane->deadline_ns = clock_mono_ns() + BACK_OFF_NS;
	e->parked[(e->parked_first + e->parked_count++) % e->terms->callers] = lane;
}

static void rest(struct engine *e, struct lane *lane)
{
	lane->state = LANE_IDLE;
	e->idle[e->idle_count++] = lane;
}

static bool is_refusal(enum outcome_kind kind)
{
	return kind != OUTCOME_OK && kind != OUTCOME_EXIT && kind != OUTCOME_OUTPUT;
}

static void count(struct engine *e, const struct lane *lane, const struct outcome *o)
{
	if (o->kind) {
		tally_add(&e->load->tally, o);
		return;
	}
	(void)samples_add(&e->load->latency, lane->caller.whole_ns - lane->intended_ns);
	e->load->in_time += lane->caller.whole_ns <= e->end_ns;
}

static void begin(struct engine *e, struct lane *lane);

static void begin_new(struct engine *e, struct lane *lane, uint64_t intended_ns)
{
	lane->intended_ns = intended_ns;
	begin(e, lane);
}

/* A closed loop's caller goes on by itself. */
static void go_on(struct engine *e, struct lane *lane)
{
	uint64_t now = clock_mono_ns();

	if (now >= e->end_ns || stop_seen())
		rest(e, lane);
	else
		begin_new(e, lane, now);
}

static void finish(struct engine *e, struct lane *lane, int error)
{
	struct outcome outcome;

	outcome_of(&outcome, &lane->caller, error, e->terms->job->expected);
	count(e, lane, &outcome);
	if (error || lane->caller.reply.closes)
		caller_hang_up(&lane->caller);
	if (e->terms->rate > 0)
		rest(e, lane);
	else if (is_refusal(outcome.kind))
		park(e, lane, false);
	else
		go_on(e, lane);
}

static int watch(const struct engine *e, struct lane *lane, int how)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = lane };

	if (caller_is_sending(&lane->caller))
		event.events |= EPOLLOUT;
	return epoll_ctl(e->epoll, how, lane->caller.fd, &event) ? -errno : 0;
}

static int connect_lane(const struct engine *e, struct lane *lane)
{
	int r = caller_connect(&lane->caller, e->terms->socket);

	return r ? r : watch(e, lane, EPOLL_CTL_ADD);
}

static void begin(struct engine *e, struct lane *lane)
{
	const struct bench_job *job = e->terms->job;
	int r = lane->caller.fd < 0 ? connect_lane(e, lane) : 0;

	if (r == -EAGAIN) {
		e->load->retries++;
		park(e, lane, true);
		return;
	}
	e->load->sent++;
	lane->state = LANE_ASKING;
	lane->deadline_ns = clock_mono_ns() + e->terms->patience_ns;
	if (!r)
		r = caller_send(&lane->caller, job->request, job->length);
	if (!r && caller_is_sending(&lane->caller))
		r = watch(e, lane, EPOLL_CTL_MOD);
	if (r)
		finish(e, lane, r);
	else if (e->terms->rate > 0)
		(void)samples_add(&e->load->late, lane->caller.sent_ns - lane->intended_ns);
}

/* --- what comes with time --- */

static void unpark(struct engine *e, uint64_t now)
{
	while (e->parked_count && e->parked[e->parked_first]->deadline_ns <= now) {
		struct lane *lane = e->parked[e->parked_first];

		if (++e->parked_first == e->terms->callers)
			e->parked_first = 0;
		e->parked_count--;
		if (lane->begins)
			begin(e, lane);
		else
			go_on(e, lane);
	}
}

static uint64_t intended(const struct engine *e, uint64_t number)
{
	return e->began_ns + (uint64_t)((double)number * 1e9 / e->terms->rate);
}

static bool has_more(const struct engine *e)
{
	return e->terms->rate > 0 && intended(e, e->next) < e->end_ns;
}

/* What was to be sent before the end is sent, be it after the end. */
static void send_due(struct engine *e, uint64_t now)
{
	while (e->idle_count && has_more(e) && intended(e, e->next) <= now && !stop_seen())
		begin_new(e, e->idle[--e->idle_count], intended(e, e->next++));
}

static void look_at_memory(struct engine *e)
{
	struct usage now;

	if (!e->load->known)
		return;
	if (!usage_read(&now, e->terms->agent, e->ticks % TICKS_A_PSS ? 0 : USAGE_PSS))
		usage_keep_peak(&e->load->peak, &now);
}

static void show_progress(const struct engine *e, uint64_t now)
{
	if (e->terms->progress && e->ticks % 10 == 0)
		fprintf(stderr, "\rfairlead: %3.0f s, %zu jobs", (double)(now - e->began_ns) / 1e9,
			e->load->latency.count);
}

static void tick(struct engine *e, uint64_t now)
{
	if (now < e->tick_ns)
		return;
	e->tick_ns = now + TICK_NS;
	(void)stop_asked(); /* where something is always ready, no wait is ever broken off */
	for (size_t i = 0; i < e->terms->callers; i++)
		if (e->lanes[i].state == LANE_ASKING && e->lanes[i].deadline_ns <= now)
			finish(e, &e->lanes[i], -ETIMEDOUT);
	look_at_memory(e);
	show_progress(e, now);
	e->ticks++;
}

static struct timespec wait_time(const struct engine *e)
{
	uint64_t now = clock_mono_ns(), at = e->tick_ns, left;

	if (e->parked_count && e->parked[e->parked_first]->deadline_ns < at)
		at = e->parked[e->parked_first]->deadline_ns;
	if (e->idle_count && has_more(e) && intended(e, e->next) < at)
		at = intended(e, e->next);
	left = at > now ? at - now : 0;
	return (struct timespec){ .tv_sec = (time_t)(left / NS_PER_SEC),
				  .tv_nsec = (long)(left % NS_PER_SEC) };
}

/* --- the loop --- */

static void on_event(struct engine *e, struct lane *lane)
{
	bool sending = caller_is_sending(&lane->caller);
	int r;

	if (lane->state != LANE_ASKING) { /* closed by the agent, between two requests */
		caller_hang_up(&lane->caller);
		return;
	}
	r = caller_go_on(&lane->caller);
	if (!r && sending && !caller_is_sending(&lane->caller))
		r = watch(e, lane, EPOLL_CTL_MOD);
	if (r)
		finish(e, lane, r > 0 ? 0 : r);
}

static bool is_over(const struct engine *e, uint64_t now)
{
	if (stop_seen())
		return true;
	if (now < e->end_ns)
		return false;
	return now >= e->end_ns + e->terms->patience_ns ||
	       (e->idle_count == e->terms->callers && !has_more(e));
}

static void run(struct engine *e)
{
	struct epoll_event events[EVENTS];
	uint64_t now = clock_mono_ns();

	e->began_ns = e->tick_ns = now;
	e->end_ns = now + e->terms->for_ns;
	for (size_t i = 0; i < e->terms->callers; i++)
		if (e->terms->rate > 0)
			rest(e, &e->lanes[i]);
		else
			begin_new(e, &e->lanes[i], clock_mono_ns());
	for (; !is_over(e, now); now = clock_mono_ns()) {
		struct timespec wait;
		int n;

		unpark(e, now);
		send_due(e, now);
		tick(e, now);
		wait = wait_time(e);
		n = epoll_pwait2(e->epoll, events, EVENTS, &wait, stop_mask());
		for (int i = 0; i < n; i++)
			on_event(e, events[i].data.ptr);
	}
	e->load->took_ns = (now < e->end_ns ? now : e->end_ns) - e->began_ns;
	e->load->stopped = stop_seen();
}

/* Who never had an answer, and what never was sent, is not forgotten; unless we broke it off. */
static void count_left(struct engine *e)
{
	const struct outcome late = { .kind = OUTCOME_TIMED_OUT };

	if (e->load->stopped)
		return;
	for (size_t i = 0; i < e->terms->callers; i++)
		if (e->lanes[i].state == LANE_ASKING || (e->lanes[i].begins && e->lanes[i].state))
			tally_add(&e->load->tally, &late);
	for (; has_more(e); e->next++)
		e->load->unsent++;
}

static int make(struct engine *e, struct load *load)
{
	size_t n = load->terms.callers;

	*e = (struct engine){ .load = load,
			      .terms = &load->terms,
			      .lanes = calloc(n, sizeof(*e->lanes)),
			      .idle = calloc(n, sizeof(struct lane *)),
			      .parked = calloc(n, sizeof(struct lane *)),
			      .epoll = epoll_create1(EPOLL_CLOEXEC) };
	if (!e->lanes || !e->idle || !e->parked)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		e->lanes[i].caller = CALLER_NONE;
	return e->epoll < 0 ? -errno : 0;
}

static void engine_done(struct engine *e)
{
	for (size_t i = 0; e->lanes && i < e->terms->callers; i++)
		caller_done(&e->lanes[i].caller);
	closep(&e->epoll);
	free(e->lanes);
	free(e->idle);
	free(e->parked);
}

/* What the pools owe for the jobs that were run is paid before CPU time is read. */
static void read_usage(struct load *l, struct usage *ret)
{
	(void)pools_wait(l->terms.socket);
	l->known = !usage_read(ret, l->terms.agent, USAGE_PSS | USAGE_ALL);
}

int bench_load(struct load *ret, const struct load_terms *terms)
{
	CLEANUP(engine_done) struct engine e = { .terms = terms, .epoll = -1 };
	uint64_t cpu_ns;
	int r;

	*ret = (struct load){ .terms = *terms };
	if (!terms->callers)
		return -EINVAL;
	r = make(&e, ret);
	if (r)
		return r;
	read_usage(ret, &ret->before);
	cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	run(&e);
	ret->own_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	if (terms->progress)
		fprintf(stderr, "\r\033[K");
	count_left(&e);
	read_usage(ret, &ret->after);
	if (ret->known)
		usage_keep_peak(&ret->peak, &ret->after);
	return 0;
}

static uint64_t grown(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0; /* a nursery may be gone */
}

uint64_t load_cpu_ns(const struct load *l, enum usage_who who)
{
	uint64_t lasting = 0;

	if (who != USAGE_SANDBOXES)
		return grown(l->before.parts[who].cpu_ns, l->after.parts[who].cpu_ns);
	for (int i = 0; i < USAGE_SANDBOXES; i++)
		lasting += load_cpu_ns(l, i);
	return grown(lasting, grown(l->before.cpu_ns, l->after.cpu_ns));
}

void bench_load_done(struct load *l)
{
	samples_done(&l->latency);
	samples_done(&l->late);
}
