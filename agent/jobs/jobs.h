/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs: what was asked to be run, from its acceptance to its result.  A job waits for a sandbox of
 * its kind, runs in it, and is kept for a while after its end for who asks later.
 */
#pragma once
#include <sys/types.h>

#include "agent/jobs/result.h"

struct jobs;
struct loop;
struct pools;
struct tenant_rules;

struct jobs_terms {
	uint64_t timeout_ns; /* of a job that names none; 0: none */
	uint64_t wait_ns;    /* for its turn, until it is refused; 0: for ever */
	uint32_t running;    /* at once, those that wait for their sandbox among them */
	uint32_t waiting;    /* at once, for their turn */
	const struct tenant_rules *tenants; /* borrowed until jobs_new() is back */
};

/* loop and pools are borrowed. */
int jobs_new(struct jobs **ret, struct loop *loop, struct pools *pools,
	     const struct jobs_terms *terms);
struct jobs *jobs_free(struct jobs *j); /* ends what runs; who waits is told; returns NULL */

/* No new ones; those that were accepted go on. */
void jobs_drain(struct jobs *j);
unsigned int jobs_open(const struct jobs *j); /* accepted and not ended */

/*
 * 0: the request is taken over, and ticket, unless NULL, joins those who wait for its end (not
 * told before this is back).  Else the request stays the caller's: -EAGAIN too many at once,
 * -ENOSPC the queue is full, -EINVAL it cannot be run so, -ESHUTDOWN none is taken any more,
 * -ENOMEM.
 */
int jobs_submit(struct jobs *j, struct job_request *request, uid_t uid, struct job_ticket *ticket,
		struct job_receipt *ret);

/* Jobs of others are -ENOENT, but to root. */
int jobs_cancel(struct jobs *j, const char *id, uid_t uid); /* -EALREADY: it has ended */
int jobs_look(struct jobs *j, const char *id, uid_t uid, const struct job_result **ret);
int jobs_wait(struct jobs *j, const char *id, uid_t uid, struct job_ticket *ticket); /* -EALREADY */

/* Newest first, each lent for its call, without output. */
void jobs_each(const struct jobs *j, uid_t uid,
	       void (*each)(void *to, const struct job_result *result), void *to);
