/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch: jobs as lines in, and lines out in the order in which they end.  A line that is no job
 * gets its own problem, and the others go on.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct batch;
struct jobs_agent;
struct loop;

enum {
	BATCH_UNDER_WAY = 64, /* jobs at once: enough for all CPUs, and others find room between */
	BATCH_UNREAD = 1 << 20, /* bytes that wait to be taken before no more jobs are begun */
};

/*
 * text is malloc'ed and taken over in any case; agent and loop are borrowed.  wake(context) is
 * called in the loop when there is something to read again.  -ENOMEM or why there is no timer.
 */
int batch_new(struct batch **ret, const struct jobs_agent *agent, struct loop *loop, uid_t uid,
	      char *text, size_t size, void (*wake)(void *context), void *context);
struct batch *batch_free(struct batch *b); /* cancels what is under way; takes NULL */

/* Begins jobs, and gives lines of those that ended.  0: all is said; -EAGAIN: wait; -ENOMEM. */
ssize_t batch_read(struct batch *b, char *ret, size_t size);
