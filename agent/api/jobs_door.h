/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs_door: what of jobs may be asked for over HTTP: one is posted and waited for, posted and
 * asked for later, looked at, cancelled; many are posted at once.  It knows nothing of how they
 * run: that is behind struct jobs_agent.
 */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "agent/jobs/result.h"

struct http_losses;
struct sleepers;

/*
 * What the door asks of who runs jobs.  Everything is called in the loop.  uid is who sits at the
 * other end of the connection; jobs of others are -ENOENT, but for whom may see them.
 */
struct jobs_agent {
	void *context;

	/*
	 * 0: the request is taken over, and ticket, unless NULL, joins those who wait for its end
	 * (not told before this is back).  Else the request stays the caller's: -EAGAIN too many
	 * at once of this uid (429), -ENOSPC the queue is full (507), -EINVAL it cannot be run so
	 * (422), -EACCES uid may not have what it names (403), -EOPNOTSUPP and -ESHUTDOWN jobs
	 * are off, or no longer taken (503), -ENOMEM (503).
	 */
	int (*submit)(void *context, struct job_request *request, uid_t uid,
		      struct job_ticket *ticket, struct job_receipt *ret);
	/* -ENOENT; -EALREADY: it has ended.  Who waits for it is told when it is gone. */
	int (*cancel)(void *context, const char *id, uid_t uid);
	/* -ENOENT.  Lent until anything else is called. */
	int (*look)(void *context, const char *id, uid_t uid, const struct job_result **ret);
	/* The ticket joins those who wait for a job that has not ended.  -ENOENT, -EALREADY. */
	int (*wait)(void *context, const char *id, uid_t uid, struct job_ticket *ticket);
	/* Newest first, each lent for its call; their outputs are not looked at. */
	void (*list)(void *context, uid_t uid,
		     void (*each)(void *to, const struct job_result *result), void *to);
	char *(*pools)(void *context); /* fairlead/pools/v1, malloc'ed; NULL: out of memory */
};

struct jobs_door {
	struct jobs_agent agent; /* without submit() there is no door */
	size_t body_bytes;
	struct sleepers *sleepers; /* borrowed */
	struct http_losses *losses;

	size_t held_bytes; /* of bodies on their way in */
};

bool jobs_door_has(const char *path);

/* A request comes; it is answered, or *state becomes its struct sleeper. */
enum MHD_Result jobs_door_begin(struct jobs_door *d, struct MHD_Connection *c, const char *path,
				const char *method, void **state);
