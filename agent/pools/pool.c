/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pools/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/loop/loop.h"
#include "agent/sandbox/spec.h"
#include "agent/sandbox/steps.h"
#include "agent/sandbox/why.h"
#include "agent/warden/warden.h"
#include "agent/wire/message.h"
#include "agent/wire/slot.h"

enum {
	AT_ONCE = 4
}; /* asked of a nursery that makes them one by one: more would only wait there */

#define REFILL_NS       (2 * NS_PER_MSEC)  /* after the last job ended … */
#define REFILL_BUSY_NS  (50 * NS_PER_MSEC) /* … or began: it has the CPUs and the nursery first */
#define BACK_OFF_NS     (100 * NS_PER_MSEC) /* before a nursery is started anew, doubled each time … */
#define BACK_OFF_MAX_NS (30 * NS_PER_SEC) /* … up to this */
#define AGE_NS          (600 * NS_PER_SEC) /* of a sandbox that nobody wanted: it gives way to a new one */
#define HEALTH_NS       (10 * NS_PER_SEC)

enum state { MAKING, READY, TAKEN, ENDING };

struct pool {
	struct pool_terms terms;
	struct loop *loop;
	struct warden *warden;
	int socket; /* to the nursery; -1: there is none */
	struct loop_source *source, *timer, *health;
	bool settled; /* the nursery has said that it can make some */
	bool grouped, freeing;
	char why[sizeof(((struct nurse_reply *)0)->text)];
	uint64_t back_off_ns, refill_at_ns, idle_since_ns;
	bool failing; /* the last one could not be made: none is tried before refill_at_ns, but for who waits */
	struct pool_slot **slots; /* by number */
	uint32_t room;
	struct pool_slot *ready, **ready_end; /* the oldest one first */
	struct pool_taker *takers, **takers_end;
	uint32_t count_of[ENDING + 1], waiting;
	struct pool_counts total;
};

static void look_after(struct pool *p);

/* --- slots --- */

static void become(struct pool_slot *s, enum state state)
{
	s->pool->count_of[s->state]--;
	s->pool->count_of[state]++;
	s->state = (int)state;
	s->since_ns = clock_mono_ns();
}

static struct pool_slot *slot_new(struct pool *p)
{
	struct pool_slot *s = calloc(1, sizeof(*s));
	uint32_t number = 0;

	while (number < p->room && p->slots[number])
		number++;
	if (s && number == p->room) {
		uint32_t room = p->room ? 2 * p->room : 16;
		struct pool_slot **slots = realloc(p->slots, room * sizeof(struct pool_slot *));

		if (!slots) {
			free(s);
			return NULL;
		}
		memset(slots + p->room, 0, (room - p->room) * sizeof(struct pool_slot *));
		p->slots = slots;
		p->room = room;
	}
	if (!s)
		return NULL;
	*s = (struct pool_slot){ .socket = -1,
				 .pool = p,
				 .number = number,
				 .state = MAKING,
				 .since_ns = clock_mono_ns() };
	p->slots[number] = s;
	p->count_of[MAKING]++;
	return s;
}

static void slot_free(struct pool_slot *s)
{
	struct pool *p = s->pool;

	p->count_of[s->state]--;
	p->slots[s->number] = NULL;
	s->source = loop_drop(s->source);
	closep(&s->socket);
	free(s);
}

static uint32_t alive(const struct pool *p)
{
	return p->count_of[MAKING] + p->count_of[READY] + p->count_of[TAKEN] + p->count_of[ENDING];
}

static int ask(const struct pool *p, enum nurse_ask kind, uint32_t slot, uint32_t signal,
	       const struct group_limits *limits)
{
	struct nurse_request request = { .magic = NURSE_MAGIC,
					 .version = NURSE_VERSION,
					 .kind = (uint16_t)kind,
					 .slot = slot,
					 .signal = signal };

	if (limits)
		request.limits = *limits;
	return p->socket < 0 ? -EPIPE
			     : message_send(p->socket, &request, sizeof(request), NULL, 0, 0);
}

static void put_ready(struct pool_slot *s)
{
	struct pool *p = s->pool;

	become(s, READY);
	s->next = NULL;
	*p->ready_end = s;
	p->ready_end = &s->next;
}

static void unlink_ready(struct pool_slot *s)
{
	struct pool *p = s->pool;
	struct pool_slot **at = &p->ready;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	if (p->ready_end == &s->next)
		p->ready_end = at;
}

static void end_slot(struct pool_slot *s)
{
	if (s->state == READY)
		unlink_ready(s);
	become(s, ENDING);
	s->source = loop_drop(s->source);
	/* A job that waits for its turn sees the end of its socket, if this does not arrive. */
	closep(&s->socket);
	s->socket = -1;
	(void)ask(s->pool, NURSE_END, s->number, 0, NULL);
}

/* --- takers --- */

static struct pool_taker *next_taker(struct pool *p)
{
	struct pool_taker *t = p->takers;

	if (t)
		pool_leave(t);
	return t;
}

void pool_leave(struct pool_taker *t)
{
	struct pool *p = t->of;

	if (!t->link)
		return;
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	else
		p->takers_end = t->link;
	t->link = NULL;
	p->waiting--;
}

static void refuse_all(struct pool *p)
{
	struct pool_taker *t;

	while ((t = next_taker(p)))
		t->refused(t, p->why);
}

static void give(struct pool_taker *t, struct pool_slot *s, bool warm)
{
	struct pool *p = s->pool;

	become(s, TAKEN);
	s->warm = warm;
	p->total.taken_warm += warm;
	p->total.taken_cold += !warm;
	p->refill_at_ns = clock_mono_ns() + REFILL_BUSY_NS;
	t->given(t, s);
}

void pool_take(struct pool *p, struct pool_taker *t)
{
	struct pool_slot *s = p->ready;

	if (s) {
		unlink_ready(s);
		give(t, s, true);
	} else if (p->why[0]) {
		t->refused(t, p->why);
		return;
	} else {
		t->of = p;
		t->next = NULL;
		t->link = p->takers_end;
		*p->takers_end = t;
		p->takers_end = &t->next;
		p->waiting++;
	}
	look_after(p);
}

/* --- the nursery --- */

static void slot_is_gone(struct pool_slot *s, const struct group_usage *used)
{
	s->is_gone = true;
	if (s->state == READY)
		unlink_ready(s);
	if (s->state != TAKEN)
		slot_free(s);
	else if (s->gone)
		s->gone(s, used);
}

static void lose_nursery(struct pool *p)
{
	const struct group_usage nothing = { 0 };

	p->source = loop_drop(p->source);
	closep(&p->socket);
	p->socket = -1;
	p->settled = false;
	for (uint32_t i = 0; i < p->room; i++)
		if (p->slots[i])
			slot_is_gone(p->slots[i], &nothing);
}

static void nursery_failed(struct pool *p, const char *why)
{
	p->total.failed++;
	snprintf(p->why, sizeof(p->why), "%s", why);
	p->back_off_ns = p->back_off_ns ? 2 * p->back_off_ns : BACK_OFF_NS;
	if (p->back_off_ns > BACK_OFF_MAX_NS)
		p->back_off_ns = BACK_OFF_MAX_NS;
	p->refill_at_ns = clock_mono_ns() + p->back_off_ns;
	lose_nursery(p);
	log_error("pool", "no sandboxes pool=%s retry=%.1fs why=%s", p->terms.name,
		  (double)p->back_off_ns / (double)NS_PER_SEC, why);
	p->refill_at_ns = clock_mono_ns() + p->back_off_ns;
	refuse_all(p);
	look_after(p);
}

static void log_not_ready(const struct pool *p, const struct slot_report *report)
{
	struct sandbox_report what = { .error = report ? report->error : -EPIPE,
				       .step = report ? report->step : STEP_ZYGOTE };
	struct sandbox_why why;

	if (report)
		snprintf(what.what, sizeof(what.what), "%.*s", (int)sizeof(report->what) - 1,
			 report->what);
	why_say(&why, &what);
	log_warn("pool", "a sandbox ended before it was ready pool=%s why=%s", p->terms.name,
		 why.text);
}

/* It takes its time to be ready, an interpreter most: it says so itself. */
static void on_awaited(void *context, uint32_t events)
{
	struct pool_slot *s = context;
	struct pool *p = s->pool;
	struct slot_report report;
	int fds[MESSAGE_FDS];
	size_t count;
	ssize_t n = message_receive(s->socket, &report, sizeof(report), fds, &count, 0);

	(void)events;
	if (n > 0)
		message_close_fds(fds, count);
	s->source = loop_drop(s->source);
	if (n == sizeof(report) && report.state == SLOT_WAITS) {
		s->made_ns = clock_mono_ns() - s->since_ns;
		put_ready(s);
	} else {
		p->total.failed++;
		p->failing = true;
		p->refill_at_ns = clock_mono_ns() + NS_PER_SEC;
		log_not_ready(p, n == sizeof(report) ? &report : NULL);
		end_slot(s);
	}
	look_after(p);
}

static bool await(struct pool_slot *s)
{
	return !loop_watch(s->pool->loop, s->socket, EPOLLIN, on_awaited, s, &s->source);
}

static void take_made(struct pool *p, const struct nurse_reply *reply, int socket)
{
	struct pool_slot *s = reply->slot < p->room ? p->slots[reply->slot] : NULL;
	struct pool_taker *t;

	if (!s || s->state != MAKING) {
		if (socket >= 0)
			close(socket);
		return;
	}
	s->made_ns = clock_mono_ns() - s->since_ns;
	s->socket = socket;
	p->total.made++;
	p->back_off_ns = 0;
	p->failing = false;
	t = next_taker(p);
	if (t)
		give(t, s, false);
	else if (!await(s))
		put_ready(s);
}

/* Not this one, for a reason that the next may have too: who waits is told, and waits no longer. */
static void take_not_made(struct pool *p, const struct nurse_reply *reply)
{
	struct pool_slot *s = reply->slot < p->room ? p->slots[reply->slot] : NULL;
	struct pool_taker *t = next_taker(p);

	if (s && s->state == MAKING)
		slot_free(s);
	p->total.failed++;
	p->failing = true;
	p->refill_at_ns = clock_mono_ns() + NS_PER_SEC;
	log_warn("pool", "a sandbox was not made pool=%s why=%s", p->terms.name, reply->text);
	if (t)
		t->refused(t, reply->text);
}

static void take_gone(struct pool *p, const struct nurse_reply *reply)
{
	struct pool_slot *s = reply->slot < p->room ? p->slots[reply->slot] : NULL;

	if (s)
		slot_is_gone(s, &reply->usage);
}

static void take_limited(struct pool *p, const struct nurse_reply *reply)
{
	struct pool_slot *s = reply->slot < p->room ? p->slots[reply->slot] : NULL;

	if (s && s->state == TAKEN && s->limited)
		s->limited(s, reply->error, reply->text);
}

static void take_reply(struct pool *p, const struct nurse_reply *reply, int fd)
{
	if (fd >= 0 && reply->kind != NURSE_MADE)
		close(fd);
	switch (reply->kind) {
	case NURSE_READY:
		p->settled = true;
		p->grouped = reply->groups;
		p->why[0] = '\0';
		break;
	case NURSE_FAILED:
		nursery_failed(p, reply->text);
		return;
	case NURSE_MADE:
		take_made(p, reply, fd);
		break;
	case NURSE_NOT_MADE:
		take_not_made(p, reply);
		break;
	case NURSE_LIMITED:
		take_limited(p, reply);
		break;
	default: /* NURSE_GONE, as the reply was checked */
		take_gone(p, reply);
	}
}

static void on_nursery(void *context, uint32_t events)
{
	struct pool *p = context;
	char bytes[sizeof(struct nurse_reply)];
	struct nurse_reply reply;
	int fds[MESSAGE_FDS];
	size_t count;
	ssize_t n;

	(void)events;
	while (p->socket >= 0) {
		n = message_receive(p->socket, bytes, sizeof(bytes), fds, &count, 0);
		if (n == -EAGAIN)
			break;
		if (n <= 0 || count > 1 || nurse_check_reply(bytes, n, &reply)) {
			if (n > 0)
				message_close_fds(fds, count);
			nursery_failed(p, "the process that makes sandboxes has ended: try again");
			return;
		}
		take_reply(p, &reply, count ? fds[0] : -1);
	}
	look_after(p);
}

static int write_terms(const struct nurse_terms *terms)
{
	CLEANUP(closep) int fd = memfd_create("terms", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (pwrite(fd, terms, sizeof(*terms), 0) != sizeof(*terms))
		return -EIO;
	return TAKE_FD(fd);
}

static void start_nursery(struct pool *p)
{
	CLEANUP(closep) int terms = write_terms(&p->terms.nurse);
	CLEANUP(closep) int theirs = -1;
	int ends[2], r = terms < 0 ? terms : 0;

	p->total.restarts++;
	p->why[0] = '\0';
	if (!r && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		r = -errno;
	if (!r) {
		p->socket = ends[0];
		theirs = ends[1];
		(void)fcntl(p->socket, F_SETFL, O_NONBLOCK);
		r = warden_nurse(p->warden, theirs, terms);
	}
	if (!r)
		r = loop_watch(p->loop, p->socket, EPOLLIN, on_nursery, p, &p->source);
	if (r == -EACCES)
		nursery_failed(p,
			       "running jobs is off: set execute to on and start the agent anew");
	else if (r) {
		char why[128];

		snprintf(why, sizeof(why),
			 "the warden starts no sandboxes: %s: see 'fairlead doctor'", strerror(-r));
		nursery_failed(p, why);
	}
}

/* --- what is to be there --- */

static void make_one(struct pool *p)
{
	struct pool_slot *s = slot_new(p);

	if (s && ask(p, NURSE_MAKE, s->number, 0, NULL))
		slot_free(s);
}

static bool wants_more(const struct pool *p, uint64_t now_ns)
{
	uint32_t making = p->count_of[MAKING], coming = making + p->count_of[READY];

	if (!p->settled || p->freeing || making >= AT_ONCE || alive(p) >= p->terms.maximum)
		return false;
	if (p->waiting > making)
		return true;
	/* Below half of it there may soon be nothing left: then at once, else when it is quiet. */
	return coming < p->terms.minimum + p->waiting &&
	       (now_ns >= p->refill_at_ns || (2 * coming < p->terms.minimum && !p->failing));
}

static void look_after(struct pool *p)
{
	uint64_t now_ns = clock_mono_ns();

	if (p->freeing)
		return;
	if (p->socket < 0 && now_ns >= p->refill_at_ns && (p->waiting || p->terms.minimum))
		start_nursery(p);
	while (wants_more(p, now_ns)) {
		uint32_t making = p->count_of[MAKING];

		make_one(p);
		if (p->count_of[MAKING] == making)
			break; /* no memory, or a full socket: at the next look */
	}
	p->idle_since_ns = p->waiting || p->count_of[TAKEN] ? 0
			   : p->idle_since_ns               ? p->idle_since_ns
							    : now_ns;
	if (now_ns < p->refill_at_ns)
		loop_timer_set(p->timer, p->refill_at_ns - now_ns, 0);
}

static void on_timer(void *context, uint32_t events)
{
	(void)events;
	look_after(context);
}

/* Those that nobody wanted for long, and the nursery when it has gone unnoticed. */
static void on_health(void *context, uint32_t events)
{
	struct pool *p = context;
	uint64_t now_ns = clock_mono_ns();

	(void)events;
	while (p->ready && now_ns - p->ready->since_ns > AGE_NS)
		end_slot(p->ready);
	for (uint32_t i = 0; i < p->room; i++)
		if (p->slots[i] && p->slots[i]->state == ENDING)
			(void)ask(p, NURSE_END, i, 0, NULL); /* it may not have arrived */
	look_after(p);
}

void pool_signal(const struct pool_slot *s, int signal)
{
	if (!s->is_gone)
		(void)ask(s->pool, NURSE_SIGNAL, s->number, (uint32_t)signal, NULL);
}

void pool_limit(const struct pool_slot *s, const struct group_limits *limits)
{
	if (!s->is_gone)
		(void)ask(s->pool, NURSE_LIMIT, s->number, 0, limits);
}

void pool_end(const struct pool_slot *s)
{
	if (!s->is_gone)
		(void)ask(s->pool, NURSE_END, s->number, 0, NULL);
}

bool pool_has_groups(const struct pool *p)
{
	return p->grouped;
}

void pool_release(struct pool_slot *s)
{
	struct pool *p = s->pool;

	if (!p->failing && p->socket >= 0)
		p->refill_at_ns = clock_mono_ns() + REFILL_NS;
	if (s->is_gone)
		slot_free(s);
	else
		end_slot(s);
	look_after(p);
}

int pool_new(struct pool **ret, struct loop *loop, struct warden *warden,
	     const struct pool_terms *terms)
{
	struct pool *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct pool){ .terms = *terms, .loop = loop, .warden = warden, .socket = -1 };
	p->ready_end = &p->ready;
	p->takers_end = &p->takers;
	r = loop_timer(loop, 0, on_timer, p, &p->timer);
	if (!r)
		r = loop_timer(loop, HEALTH_NS, on_health, p, &p->health);
	if (r) {
		pool_free(p);
		return r;
	}
	look_after(p);
	*ret = p;
	return 0;
}

struct pool *pool_free(struct pool *p)
{
	if (!p)
		return NULL;
	p->freeing = true;
	snprintf(p->why, sizeof(p->why), "the pool is closed: try again");
	refuse_all(p);
	lose_nursery(p);
	loop_drop(p->timer);
	loop_drop(p->health);
	for (uint32_t i = 0; i < p->room; i++)
		if (p->slots[i]) /* a job's, whose owner is to have let go before */
			slot_free(p->slots[i]);
	free(p->slots);
	free(p);
	return NULL;
}

const struct pool_terms *pool_terms(const struct pool *p)
{
	return &p->terms;
}

void pool_counts(const struct pool *p, struct pool_counts *ret)
{
	*ret = p->total;
	ret->ready = p->count_of[READY];
	ret->making = p->count_of[MAKING];
	ret->busy = p->count_of[TAKEN];
	ret->ending = p->count_of[ENDING];
	ret->waiting = p->waiting;
}

const char *pool_why(const struct pool *p)
{
	return p->why;
}

uint64_t pool_idle_since_ns(const struct pool *p)
{
	return p->idle_since_ns;
}
