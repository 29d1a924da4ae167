/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/loop/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/base/thread.h"
#include "agent/loop/loop.h"

#define STACK_BYTES (256 * 1024)

/* First in, first out. */
struct queue {
	struct worker_job *first, **end;
};

struct worker {
	struct loop_source *source;
	pthread_t thread;
	bool started;
	int event;            /* readable: `ready` has something */
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t given;
	struct queue waiting, ready;
	unsigned int count, room; /* of `waiting` */
	bool stop;
};

static void put(struct queue *q, struct worker_job *job)
{
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
}

static struct worker_job *take_all(struct queue *q)
{
	struct worker_job *first = q->first;

	*q = (struct queue){ NULL, &q->first };
	return first;
}

static struct worker_job *next_job(struct worker *w)
{
	struct worker_job *job = NULL;

	pthread_mutex_lock(&w->lock);
	while (!w->waiting.first && !w->stop)
		pthread_cond_wait(&w->given, &w->lock);
	if (!w->stop) {
		job = w->waiting.first;
		w->waiting.first = job->next;
		if (!job->next)
			w->waiting.end = &w->waiting.first;
		w->count--;
	}
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void *run(void *context)
{
	const uint64_t one = 1;
	struct worker *w = context;
	struct worker_job *job;

	while ((job = next_job(w))) {
		job->work(job);
		pthread_mutex_lock(&w->lock);
		put(&w->ready, job);
		pthread_mutex_unlock(&w->lock);
		(void)!write(w->event, &one, sizeof(one)); /* fails only when it is readable */
	}
	return NULL;
}

static void tell(struct worker_job *job, bool worked)
{
	while (job) {
		struct worker_job *next = job->next;

		job->done(job, worked);
		job = next;
	}
}

static void on_event(void *context, uint32_t events)
{
	struct worker *w = context;
	struct worker_job *ready;
	uint64_t count;

	(void)events;
	(void)!read(w->event, &count, sizeof(count));
	pthread_mutex_lock(&w->lock);
	ready = take_all(&w->ready);
	pthread_mutex_unlock(&w->lock);
	tell(ready, true);
}

int worker_new(struct worker **ret, struct loop *loop, unsigned int room)
{
	struct worker *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->room = room;
	take_all(&w->waiting);
	take_all(&w->ready);
	w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = w->event < 0 ? -errno : loop_watch(loop, w->event, EPOLLIN, on_event, w, &w->source);
	if (r) {
		if (w->event >= 0)
			close(w->event);
		free(w);
		return r;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->given, NULL);
	*ret = w;
	return 0;
}

static int start(struct worker *w)
{
	int r = thread_start(&w->thread, "fairlead-worker", STACK_BYTES, run, w);

	w->started = !r;
	return r;
}

int worker_give(struct worker *w, struct worker_job *job)
{
	int r = w->started ? 0 : start(w);

	if (r)
		return r;
	pthread_mutex_lock(&w->lock);
	if (w->count < w->room) {
		put(&w->waiting, job);
		w->count++;
		pthread_cond_signal(&w->given);
	} else {
		r = -EAGAIN;
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

struct worker *worker_free(struct worker *w)
{
	if (!w)
		return NULL;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->given);
	pthread_mutex_unlock(&w->lock);
	if (w->started)
		pthread_join(w->thread, NULL);
	loop_drop(w->source);
	tell(take_all(&w->ready), true);
	tell(take_all(&w->waiting), false);
	close(w->event);
	pthread_cond_destroy(&w->given);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}
