/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result: what became of a job, as plain values, and who waits to be told.  Nothing is owned:
 * what is pointed to is lent by who has the job.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/jobs/request.h"

enum { JOB_ID_SIZE = 33 }; /* an id with its NUL: letters, digits, - and _ */

enum job_state {
	JOB_QUEUED,
	JOB_RUNNING,
	JOB_DONE,      /* it ran, whatever its exit code */
	JOB_CANCELLED, /* by who asked for it */
	JOB_FAILED,    /* it could not be run, or not to its end: `error` says why */
	_JOB_STATE_MAX
};

enum job_killer {
	JOB_KILLED_BY_NOBODY,
	JOB_KILLED_BY_MEMORY,
	JOB_KILLED_BY_PIDS,
	JOB_KILLED_BY_OUTPUT,
	JOB_KILLED_BY_TIME,
	JOB_KILLED_BY_CANCEL,
	_JOB_KILLER_MAX
};

extern const char *const job_state_names[_JOB_STATE_MAX];
extern const char *const job_killer_names[_JOB_KILLER_MAX]; /* NULL for nobody */

struct job_output {
	struct job_bytes kept;
	bool truncated; /* there was more */
};

struct job_result {
	char id[JOB_ID_SIZE];
	enum job_state state;
	enum job_language language;
	enum job_class class;
	int exit_code; /* of JOB_DONE without a signal */
	int signal;    /* that ended it; 0: none */
	bool timed_out;
	enum job_killer killed_by;
	struct job_output out, err;
	struct job_usage {
		uint64_t user_ns, system_ns, peak_bytes, read_bytes, written_bytes;
	} usage;
	uint64_t queue_ns, start_ns, run_ns; /* so far */
	bool warm, cached;
	const char *plan, *error; /* UTF-8, or NULL */
};

/* What became of a request. */
struct job_receipt {
	char id[JOB_ID_SIZE];             /* where it was taken */
	unsigned int retry_after_seconds; /* of -EAGAIN and -ENOSPC; 0 stands for 1 */
	char why[256];                    /* where not, UTF-8, one line; may stay empty */
};

static inline bool job_has_ended(const struct job_result *r)
{
	return r->state >= JOB_DONE;
}

/* One who waits for a job's end, in the list of who has the job. */
struct job_ticket {
	/* In the loop, once, when the ticket has left the list; never from within what took it.
	 * The result is lent for the call. */
	void (*done)(struct job_ticket *t, const struct job_result *result);
	struct job_ticket *next, **link; /* link is NULL outside of a list */
};

void job_ticket_join(struct job_ticket **list, struct job_ticket *t);
void job_ticket_leave(struct job_ticket *t); /* is not told any more; fine outside of a list */

/* Tells all of them; any of them may leave, or others join, meanwhile. */
void job_tickets_done(struct job_ticket **list, const struct job_result *result);
