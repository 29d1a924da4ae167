/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/push.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/version.h"
#include "agent/config/config.h"
#include "agent/config/endpoint.h"
#include "agent/loop/loop.h"
#include "agent/loop/worker.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/lost.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/gzip.h"
#include "exporters/otlp/headers.h"
#include "exporters/otlp/otlp.h"
#include "exporters/otlp/post.h"
#include "exporters/otlp/sender.h"
#include "exporters/out.h"

#define NODE_MAX  254               /* a name of DNS */
#define TELL_EACH (10 * NS_PER_SEC) /* refusals: a receiver may refuse all there is */

struct push {
	struct worker *worker;
	struct push_agent agent;
	struct loop_source *timer, *look;
	struct sender *sender;         /* NULL: nothing is pushed */
	struct sender_counts finished; /* of senders that are no more */
	char endpoint[600], node[NODE_MAX];
	bool gzip, finishing;
	uint64_t given_up;                      /* before the last push */
	unsigned int writing;                   /* snapshots that the worker has */
	uint64_t unwritten;                     /* those that it had no room or memory for */
	uint64_t told;                          /* sender_counts.changes that was logged */
	uint64_t told_refused, told_refused_ns; /* .refused that was logged, and when */
};

/* A snapshot on its way to a body. */
struct push_job {
	struct worker_job job; /* first */
	struct push *push;
	struct snapshot *snapshot;
	struct out plain, packed;
	char node[NODE_MAX];
	bool gzip, failed;
};

/* --- on the worker --- */

static void work(struct worker_job *job)
{
	struct push_job *j = (struct push_job *)job;

	j->failed = otlp_write(j->snapshot, j->node, &j->plain) ||
		    (j->gzip && gzip_pack(&j->packed, &j->plain));
}

/* --- in the loop --- */

static void job_free(struct push_job *j)
{
	snapshot_free(j->snapshot);
	out_free(&j->plain);
	out_free(&j->packed);
	free(j);
}

static void done(struct worker_job *job, bool worked)
{
	struct push_job *j = (struct push_job *)job;
	struct push *p = j->push;
	struct out *body = j->gzip ? &j->packed : &j->plain;

	p->writing--;
	if (!worked || j->failed || !p->sender) {
		p->unwritten += p->sender != NULL;
		if (p->sender && p->finishing)
			sender_finish(p->sender);
	} else {
		char *data;

		out_trim(body); /* it may wait for long */
		data = TAKE(body->data);
		p->unwritten += sender_give(p->sender, data, body->size, j->gzip) != 0;
		if (p->finishing)
			sender_finish(p->sender);
	}
	job_free(j);
}

/* Each is a push that is gone, also where the next one was taken. */
static void tell_refused(struct push *p, const struct sender_counts *c)
{
	if (c->refused == p->told_refused)
		return;
	log_warn("otlp", "the receiver refused pushes=%llu endpoint=%s why=\"%s\"",
		 (unsigned long long)(c->refused - p->told_refused), p->endpoint, c->refusal);
	p->told_refused = c->refused;
	p->told_refused_ns = clock_mono_ns();
}

static void tell(struct push *p)
{
	struct sender_counts c;

	sender_counts(p->sender, &c);
	if (!p->told_refused_ns || clock_mono_ns() - p->told_refused_ns >= TELL_EACH)
		tell_refused(p, &c);
	if (c.changes == p->told)
		return;
	p->told = c.changes;
	if (c.failing)
		log_warn("otlp", "a push failed endpoint=%s why=\"%s\"", p->endpoint, c.why);
	else if (c.why[0])
		log_warn("otlp", "delivered, but the receiver says: \"%s\" rejected_points=%llu",
			 c.why, (unsigned long long)c.rejected_points);
	else
		log_info("otlp", "delivers again endpoint=%s", p->endpoint);
}

static void push_one(struct push *p)
{
	struct push_job *j = calloc(1, sizeof(*j));

	if (!j || p->agent.snapshot(p->agent.context, &j->snapshot)) {
		free(j);
		p->unwritten++;
		return;
	}
	j->job = (struct worker_job){ .work = work, .done = done };
	j->push = p;
	j->gzip = p->gzip;
	memcpy(j->node, p->node, sizeof(j->node));
	if (worker_give(p->worker, &j->job)) {
		job_free(j);
		p->unwritten++;
		return;
	}
	p->writing++;
}

static void on_timer(void *context, uint32_t events)
{
	struct push *p = context;

	(void)events;
	if (!p->sender || p->finishing)
		return;
	tell(p);
	push_one(p);
}

/* A refusal is not told as late as with the next push, which may be an hour away. */
static void on_look(void *context, uint32_t events)
{
	struct push *p = context;

	(void)events;
	if (p->sender)
		tell(p);
}

/* --- settings --- */

static int check_file(const char *option, const char *path, char *why, size_t size)
{
	CLEANUP(closep)
	int fd = path[0] ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;

	if (!path[0] || fd >= 0)
		return 0;
	snprintf(why, size, "%s: %s cannot be opened: %s: %s", option, path, strerror(errno),
		 errno == EACCES ? "let the agent's user read it" : "check the path");
	return -errno;
}

int push_check(const struct config *config, char **headers, char *why, size_t size)
{
	static const char option[] = "otlp.headers_file: ";
	int r;

	if (!config->otlp.endpoint[0])
		return 0;
	r = check_file("otlp.ca", config->otlp.ca, why, size);
	if (!r)
		r = check_file("otlp.certificate", config->otlp.certificate, why, size);
	if (!r)
		r = check_file("otlp.key", config->otlp.key, why, size);
	if (r || !config->otlp.headers_file[0])
		return r;
	snprintf(why, size, "%s", option);
	return headers_read(config->otlp.headers_file, headers, why + strlen(why),
			    size - strlen(option));
}

static uint64_t random_part(uint64_t of)
{
	uint32_t n = 0;

	(void)!getrandom(&n, sizeof(n), GRND_NONBLOCK);
	return 1 + (uint64_t)((double)of * n / UINT32_MAX);
}

static void end_sender(struct push *p)
{
	struct sender_counts before, c, *sum = &p->finished;
	uint64_t dropped;

	if (!p->sender)
		return;
	sender_counts(p->sender, &before);
	p->sender = sender_free(p->sender, &c);
	sum->sent += c.sent;
	sum->retries += c.retries;
	sum->full += c.full;
	sum->refused += c.refused;
	sum->given_up += c.given_up;
	sum->rejected_points += c.rejected_points;
	tell_refused(p, &c);
	p->told = p->told_refused = p->told_refused_ns = 0;
	dropped = c.given_up - (p->finishing ? p->given_up : before.given_up);
	if (dropped)
		log_warn("otlp", "not delivered, and dropped pushes=%llu",
			 (unsigned long long)dropped);
}

static int set_sender(struct push *p, const struct config *config, const char *headers)
{
	char agent[128];
	const struct post_terms terms = { .endpoint = p->endpoint,
					  .ca = config->otlp.ca,
					  .certificate = config->otlp.certificate,
					  .key = config->otlp.key,
					  .headers = headers,
					  .agent = agent,
					  .timeout_ns = config->otlp.timeout_ns };
	bool fresh = !p->sender;
	int r = fresh ? sender_new(&p->sender) : 0;

	snprintf(agent, sizeof(agent), "fairlead/%s", version());
	if (!r)
		r = sender_configure(p->sender, &terms);
	if (r)
		return r;
	p->gzip = config->otlp.compression == COMPRESSION_GZIP;
	if (fresh) {
		log_info("otlp", "pushing endpoint=%s", p->endpoint);
		loop_timer_set(p->look, TELL_EACH, TELL_EACH);
	}
	return loop_timer_set(p->timer, random_part(config->otlp.interval_ns),
			      config->otlp.interval_ns);
}

int push_configure(struct push *p, const struct config *config, char *headers)
{
	int r = 0;

	if (config->otlp.endpoint[0]) {
		endpoint_whole(config->otlp.endpoint, p->endpoint, sizeof(p->endpoint));
		r = set_sender(p, config, headers);
	} else {
		r = loop_timer_set(p->timer, 0, 0);
		loop_timer_set(p->look, 0, 0);
		end_sender(p);
	}
	headers_free(headers);
	return r;
}

int push_new(struct push **ret, struct loop *loop, struct worker *worker,
	     const struct push_agent *agent)
{
	struct push *p = calloc(1, sizeof(*p));
	const char *node = getenv("NODE_NAME"); /* as our DaemonSet sets it, and many others do */
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct push){ .worker = worker, .agent = *agent };
	snprintf(p->node, sizeof(p->node), "%s", node ? node : "");
	r = loop_timer(loop, 0, on_timer, p, &p->timer);
	if (!r)
		r = loop_timer(loop, 0, on_look, p, &p->look);
	if (r) {
		loop_drop(p->timer);
		free(p);
		return r;
	}
	*ret = p;
	return 0;
}

struct push *push_free(struct push *p)
{
	if (p) {
		if (p->sender)
			tell(p);
		end_sender(p);
		loop_drop(p->timer);
		loop_drop(p->look);
	}
	free(p);
	return NULL;
}

/* --- the end --- */

void push_finish(struct push *p)
{
	struct sender_counts c;

	if (!p->sender || p->finishing)
		return;
	sender_counts(p->sender, &c);
	p->given_up = c.given_up;
	p->finishing = true;
	push_one(p);
	if (!p->writing) /* nobody is at work on a last one who would say so */
		sender_finish(p->sender);
}

bool push_idle(struct push *p)
{
	return !p->sender || (!p->writing && sender_idle(p->sender));
}

/* --- what it tells --- */

static void count(struct push *p, struct sender_counts *ret)
{
	*ret = (struct sender_counts){ 0 };
	if (p->sender)
		sender_counts(p->sender, ret);
	ret->sent += p->finished.sent;
	ret->retries += p->finished.retries;
	ret->full += p->finished.full + p->unwritten;
	ret->refused += p->finished.refused;
	ret->given_up += p->finished.given_up;
	ret->rejected_points += p->finished.rejected_points;
}

void push_fill(struct push *p, struct push_snapshot *ret)
{
	struct sender_counts c;

	count(p, &c);
	*ret = (struct push_snapshot){ .on = p->sender != NULL,
				       .sent = c.sent,
				       .retries = c.retries,
				       .waiting = c.waiting,
				       .waiting_bytes = c.waiting_bytes,
				       .failing = c.failing };
	memcpy(ret->why, c.why, sizeof(ret->why));
}

void push_add_losses(struct push *p, struct losses *to)
{
	struct sender_counts c;

	count(p, &c);
	losses_add(to, "otlp_queue", c.full);
	losses_add(to, "otlp_refused", c.refused);
	losses_add(to, "otlp_given_up", c.given_up);
	losses_add(to, "otlp_rejected_points", c.rejected_points);
}

void push_add_finding(struct push *p, struct findings *to)
{
	struct sender_counts c;
	struct finding *f;

	if (!p->sender)
		return;
	count(p, &c);
	f = findings_add(to, FINDING_BACKEND, c.failing ? FINDING_OFF : FINDING_ON, "OTLP push");
	snprintf(f->reason, sizeof(f->reason), "%.100s%s%.140s", p->endpoint, c.why[0] ? ": " : "",
		 c.why);
	if (!c.failing)
		return;
	snprintf(f->lost, sizeof(f->lost), "metrics at the receiver, once the queue is full");
	snprintf(f->mend, sizeof(f->mend),
		 "see why in the reason; the agent tries again by itself");
}
