/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/otlp/sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/thread.h"
#include "exporters/otlp/headers.h"
#include "exporters/otlp/post.h"
#include "exporters/otlp/queue.h"
#include "exporters/otlp/retry.h"

/* Of a node of usual size, 64 bodies are 10 minutes of 20 KB each, compressed; of a large one with
 * thousands of cgroups 4 MiB are some 40. */
#define COUNT_MAX   64
#define BYTES_MAX   (4u << 20)
#define STACK_BYTES (512 * 1024) /* OpenSSL's and the resolver's */

struct sender {
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct otlp_queue queue;
	struct sender_counts counts;
	struct post_terms terms; /* strings owned */
	unsigned int version;    /* of the terms */
	struct post *post;       /* the thread's; others may cancel it under the lock */
	struct retry retry;
	uint64_t due_ns; /* not before */
	bool posting, finishing, stop;
};

/* --- terms --- */

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static char *copy_headers(const char *headers)
{
	size_t size = 0;
	char *to;

	while (headers && headers[size])
		size += strlen(headers + size) + 1;
	to = headers ? malloc(size + 1) : NULL;
	if (to) {
		memcpy(to, headers, size);
		to[size] = '\0';
	}
	return to;
}

static void terms_clear(struct post_terms *t)
{
	free((char *)t->endpoint);
	free((char *)t->ca);
	free((char *)t->certificate);
	free((char *)t->key);
	free((char *)t->agent);
	headers_free((char *)t->headers);
	*t = (struct post_terms){ 0 };
}

static int terms_copy(struct post_terms *ret, const struct post_terms *from)
{
	CLEANUP(terms_clear) struct post_terms t = *from;

	t.endpoint = copy(from->endpoint);
	t.ca = copy(from->ca);
	t.certificate = copy(from->certificate);
	t.key = copy(from->key);
	t.agent = copy(from->agent);
	t.headers = copy_headers(from->headers);
	if (!t.endpoint || !t.ca != !from->ca || !t.certificate != !from->certificate ||
	    !t.key != !from->key || !t.agent != !from->agent || !t.headers != !from->headers)
		return -ENOMEM;
	*ret = t;
	t = (struct post_terms){ 0 };
	return 0;
}

/* --- the thread; the lock is held but where it is given up --- */

static void wait_until(struct sender *s, uint64_t when_ns)
{
	const struct timespec when = { .tv_sec = (time_t)(when_ns / NS_PER_SEC),
				       .tv_nsec = (long)(when_ns % NS_PER_SEC) };

	if (when_ns)
		pthread_cond_timedwait(&s->changed, &s->lock, &when);
	else
		pthread_cond_wait(&s->changed, &s->lock);
}

static bool wait_for_body(struct sender *s)
{
	while (!s->stop) {
		if (!s->queue.first)
			wait_until(s, 0);
		else if (!s->finishing && clock_mono_ns() < s->due_ns)
			wait_until(s, s->due_ns);
		else
			return true;
	}
	return false;
}

static void say(struct sender *s, bool failing, const char *why)
{
	if (s->counts.failing == failing && !strcmp(s->counts.why, why))
		return;
	s->counts.failing = failing;
	snprintf(s->counts.why, sizeof(s->counts.why), "%s", why);
	s->counts.changes++;
}

/* Makes the post anew where the terms are others. */
static int get_post(struct sender *s, unsigned int *version, char why[POST_WHY])
{
	CLEANUP(terms_clear) struct post_terms terms = { 0 };
	struct post *old = s->post, *made = NULL;
	int r;

	if (old && *version == s->version)
		return 0;
	s->post = NULL;
	r = terms_copy(&terms, &s->terms);
	*version = s->version;
	pthread_mutex_unlock(&s->lock);
	post_free(old);
	if (!r)
		r = post_new(&made, &terms, why);
	pthread_mutex_lock(&s->lock);
	s->post = made;
	return r;
}

static uint32_t chance(void)
{
	uint32_t n = 0;

	return getrandom(&n, sizeof(n), GRND_NONBLOCK) == sizeof(n) ? n : UINT32_MAX / 2;
}

static void try_later(struct sender *s, struct otlp_body *body, const struct post_answer *answer)
{
	uint64_t now = clock_mono_ns();

	if (s->finishing || now - body->first_try_ns >= RETRY_GIVE_UP_NS) {
		s->counts.given_up++;
		otlp_body_free(body);
		if (s->finishing) { /* the others would fare no better */
			s->counts.given_up += s->queue.count;
			otlp_queue_clear(&s->queue);
		}
	} else {
		s->counts.retries++;
		otlp_queue_put_back(&s->queue, body);
	}
	s->due_ns = now + retry_wait(&s->retry, answer->retry_after_ns, chance());
}

static void conclude(struct sender *s, struct otlp_body *body, const struct post_answer *answer)
{
	enum retry_verdict verdict = retry_judge(answer->status);

	say(s, verdict != RETRY_SENT, answer->why);
	if (verdict == RETRY_LATER) {
		try_later(s, body, answer);
		return;
	}
	s->counts.sent += verdict == RETRY_SENT;
	if (verdict == RETRY_NEVER) {
		s->counts.refused++;
		snprintf(s->counts.refusal, sizeof(s->counts.refusal), "%s", answer->why);
	}
	s->counts.rejected_points += answer->rejected;
	s->retry = (struct retry){ 0 };
	otlp_body_free(body);
}

static void send_one(struct sender *s, unsigned int *version)
{
	struct otlp_body *body = otlp_queue_take(&s->queue);
	struct post_answer answer = { 0 }; /* without a post there is none either */

	s->posting = true;
	if (!body->first_try_ns)
		body->first_try_ns = clock_mono_ns();
	if (!get_post(s, version, answer.why) && !s->stop) {
		pthread_mutex_unlock(&s->lock);
		post_run(s->post, body->data, body->size, body->gzip, &answer);
		pthread_mutex_lock(&s->lock);
	}
	s->posting = false;
	if (s->stop && !answer.status)
		otlp_queue_put_back(&s->queue, body); /* it goes with those that wait */
	else
		conclude(s, body, &answer);
}

static void *run(void *context)
{
	struct sender *s = context;
	struct post *post;
	unsigned int version = 0;

	pthread_mutex_lock(&s->lock);
	while (wait_for_body(s))
		send_one(s, &version);
	post = s->post;
	s->post = NULL;
	pthread_mutex_unlock(&s->lock);
	post_free(post);
	return NULL;
}

/* --- the door --- */

int sender_new(struct sender **ret)
{
	struct sender *s = calloc(1, sizeof(*s));
	pthread_condattr_t monotonic;

	if (!s)
		return -ENOMEM;
	otlp_queue_init(&s->queue, COUNT_MAX, BYTES_MAX);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*ret = s;
	return 0;
}

struct sender *sender_free(struct sender *s, struct sender_counts *ret)
{
	if (!s)
		return NULL;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	if (s->post)
		post_cancel(s->post);
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (s->started)
		pthread_join(s->thread, NULL);
	s->counts.given_up += s->queue.count;
	otlp_queue_clear(&s->queue);
	if (ret)
		sender_counts(s, ret);
	terms_clear(&s->terms);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

int sender_configure(struct sender *s, const struct post_terms *terms)
{
	CLEANUP(terms_clear) struct post_terms other = { 0 };
	struct post_terms old;
	int r = terms_copy(&other, terms);

	if (r)
		return r;
	pthread_mutex_lock(&s->lock);
	old = s->terms;
	s->terms = other;
	s->version++;
	s->due_ns = 0;
	s->retry = (struct retry){ 0 };
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	other = old;
	return 0;
}

static int start(struct sender *s)
{
	int r = thread_start(&s->thread, "fairlead-otlp", STACK_BYTES, run, s);

	s->started = !r;
	return r;
}

int sender_give(struct sender *s, char *data, size_t size, bool gzip)
{
	struct otlp_body *body = calloc(1, sizeof(*body));
	int r = body ? 0 : -ENOMEM;

	if (!r && !s->started)
		r = start(s);
	if (r) {
		free(body);
		free(data);
		return r;
	}
	*body = (struct otlp_body){ .data = data, .size = size, .gzip = gzip };
	pthread_mutex_lock(&s->lock);
	otlp_queue_put(&s->queue, body);
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return 0;
}

void sender_finish(struct sender *s)
{
	pthread_mutex_lock(&s->lock);
	s->finishing = true;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

bool sender_idle(struct sender *s)
{
	bool idle;

	pthread_mutex_lock(&s->lock);
	idle = !s->posting && !s->queue.first;
	pthread_mutex_unlock(&s->lock);
	return idle;
}

void sender_counts(struct sender *s, struct sender_counts *ret)
{
	pthread_mutex_lock(&s->lock);
	*ret = s->counts;
	ret->full = s->queue.dropped;
	ret->waiting = s->queue.count;
	ret->waiting_bytes = s->queue.bytes;
	pthread_mutex_unlock(&s->lock);
}
