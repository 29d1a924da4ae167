/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: one thread for work that would keep the loop too long.  A job carries all that it
 * works on and touches nothing else; what became of it is told back in the loop.  The thread
 * starts with the first job.
 */
#pragma once
#include <stdbool.h>

struct loop;
struct worker;

/* The giver's; between worker_give() and done() only the worker touches it. */
struct worker_job {
	void (*work)(struct worker_job *job);              /* on the thread */
	void (*done)(struct worker_job *job, bool worked); /* in the loop; may free the job */
	struct worker_job *next;
};

/* room: jobs that may wait. */
int worker_new(struct worker **ret, struct loop *loop, unsigned int room);

/* Waits for the job under way.  Every job is done() by the end, those that waited unworked. */
struct worker *worker_free(struct worker *w);

/* -EAGAIN: too many wait; or why there is no thread.  The job is not taken then. */
int worker_give(struct worker *w, struct worker_job *job);
