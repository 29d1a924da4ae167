/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/scrape.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/loop/loop.h"
#include "agent/loop/worker.h"
#include "exporters/gzip.h"
#include "exporters/out.h"
#include "exporters/prometheus/accept.h"

#define FRESH_NS   (250 * NS_PER_MSEC)
#define SMALL      1024 /* bytes that are not worth compressing */
#define BODIES_MAX 8    /* alive; of a large node one is about 1 MB */

struct scrape_body {
	struct worker_job job;
	struct scrape *scrape;
	struct scrape_body *next, **link; /* the youngest first */
	struct scrape_taker *takers;
	enum prometheus_format format;
	bool gzip;             /* was asked for */
	bool working, telling; /* the worker has it; its takers are being told */
	uint64_t made_ns;
	struct out plain, packed; /* one of the two is the answer */
};

struct scrape {
	struct worker *worker;
	struct scrape_agent agent;
	struct loop_source *staling;
	struct scrape_body *bodies;
	unsigned int count;
	uint64_t uncompressed;
};

static bool is_fresh(const struct scrape_body *b, uint64_t now_ns)
{
	return now_ns - b->made_ns < FRESH_NS;
}

static bool is_idle(const struct scrape_body *b)
{
	return !b->takers && !b->working && !b->telling;
}

static void body_free(struct scrape_body *b)
{
	*b->link = b->next;
	if (b->next)
		b->next->link = b->link;
	b->scrape->count--;
	out_free(&b->plain);
	out_free(&b->packed);
	free(b);
}

/* Frees what is of no use any more; the time at which the next look is due, or 0. */
static uint64_t sweep(struct scrape *s, uint64_t now_ns)
{
	struct scrape_body *b = s->bodies, *next;
	uint64_t due = 0;

	for (; b; b = next) {
		next = b->next;
		if (is_fresh(b, now_ns))
			due = b->made_ns + FRESH_NS; /* the last one seen is the oldest */
		else if (is_idle(b))
			body_free(b);
	}
	return due;
}

static void on_staling(void *context, uint32_t events)
{
	struct scrape *s = context;
	uint64_t now = clock_mono_ns(), due = sweep(s, now);

	(void)events;
	if (due)
		loop_timer_set(s->staling, due - now, 0);
}

int scrape_new(struct scrape **ret, struct loop *loop, struct worker *worker,
	       const struct scrape_agent *agent)
{
	struct scrape *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct scrape){ .worker = worker, .agent = *agent };
	r = loop_timer(loop, 0, on_staling, s, &s->staling);
	if (r) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct scrape *scrape_free(struct scrape *s)
{
	if (s) {
		loop_drop(s->staling);
		while (s->bodies)
			body_free(s->bodies);
	}
	free(s);
	return NULL;
}

/* --- gzip --- */

static struct scrape_body *body_of(struct worker_job *job)
{
	return (struct scrape_body *)job; /* its first field */
}

static void work(struct worker_job *job)
{
	struct scrape_body *b = body_of(job);

	if (gzip_pack(&b->packed, &b->plain))
		out_free(&b->packed); /* then it goes as it is */
	else
		out_free(&b->plain);
}

static void done(struct worker_job *job, bool worked)
{
	struct scrape_body *b = body_of(job);
	struct scrape_taker *next;
	struct scrape *s = b->scrape;

	(void)worked;
	b->working = false;
	b->telling = true; /* some leave at once */
	for (struct scrape_taker *t = b->takers; t; t = next) {
		next = t->next;
		t->ready(t);
	}
	b->telling = false;
	sweep(s, clock_mono_ns());
}

/* --- bodies and their takers --- */

static struct scrape_body *find_fresh(struct scrape *s, uint64_t now_ns,
				      enum prometheus_format format, bool gzip)
{
	for (struct scrape_body *b = s->bodies; b && is_fresh(b, now_ns); b = b->next)
		if (b->format == format && b->gzip == gzip)
			return b;
	return NULL;
}

static void cut_oldest(struct scrape *s)
{
	struct scrape_body *oldest = NULL;
	struct scrape_taker *next;

	for (struct scrape_body *b = s->bodies; b; b = b->next)
		if (!b->working)
			oldest = b;
	for (struct scrape_taker *t = oldest ? oldest->takers : NULL; t; t = next) {
		next = t->next;
		t->cut(t);
	}
}

static int body_new(struct scrape *s, uint64_t now_ns, enum prometheus_format format, bool gzip,
		    struct scrape_body **ret)
{
	struct scrape_body *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	*b = (struct scrape_body){ .job = { .work = work, .done = done },
				   .scrape = s,
				   .next = s->bodies,
				   .link = &s->bodies,
				   .format = format,
				   .gzip = gzip,
				   .made_ns = now_ns };
	if (b->next)
		b->next->link = &b->next;
	s->bodies = b;
	s->count++;
	r = s->agent.write(s->agent.context, format, &b->plain);
	if (r) {
		body_free(b);
		return r;
	}
	b->working = gzip && b->plain.size >= SMALL;
	if (b->working && worker_give(s->worker, &b->job)) {
		b->working = false;
		s->uncompressed++;
	}
	*ret = b;
	return 0;
}

int scrape_take(struct scrape *s, uint64_t now_ns, const char *accept, const char *accept_encoding,
		struct scrape_taker *taker)
{
	enum prometheus_format format = prometheus_choose(accept);
	bool gzip = accept_gzip(accept_encoding);
	struct scrape_body *b = find_fresh(s, now_ns, format, gzip);
	int r = 0;

	if (!b) {
		sweep(s, now_ns);
		if (s->count >= BODIES_MAX)
			cut_oldest(s);
		r = body_new(s, now_ns, format, gzip, &b);
		if (!r)
			loop_timer_set(s->staling, FRESH_NS, 0);
	}
	if (r)
		return r;
	taker->body = b;
	taker->next = b->takers;
	taker->link = &b->takers;
	if (taker->next)
		taker->next->link = &taker->next;
	b->takers = taker;
	return 0;
}

bool scrape_answer(const struct scrape_taker *taker, struct scrape_answer *ret)
{
	const struct scrape_body *b = taker->body;
	const struct out *body = b->packed.size ? &b->packed : &b->plain;

	if (b->working)
		return false;
	*ret = (struct scrape_answer){ .data = body->data,
				       .size = body->size,
				       .type = prometheus_types[b->format],
				       .gzip = body == &b->packed };
	return true;
}

void scrape_leave(struct scrape_taker *taker)
{
	struct scrape_body *b = taker->body;

	if (!b)
		return;
	*taker->link = taker->next;
	if (taker->next)
		taker->next->link = taker->link;
	taker->body = NULL;
	if (is_idle(b) && !is_fresh(b, clock_mono_ns()))
		body_free(b);
}

uint64_t scrape_uncompressed(const struct scrape *s)
{
	return s->uncompressed;
}
