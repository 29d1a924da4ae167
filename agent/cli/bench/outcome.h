/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcome: how one request for a job went, and tallies of what went wrong by kind.  A job that was
 * refused, failed or printed something else was not measured: its time is in no quantile.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct caller;

enum outcome_kind {
	OUTCOME_OK,
	OUTCOME_STATUS,    /* not 200; number: what */
	OUTCOME_EXIT,      /* number: the job's exit code, or -1 where it has none */
	OUTCOME_OUTPUT,    /* printed what it should not have */
	OUTCOME_REFUSED,   /* no connection */
	OUTCOME_CUT_OFF,   /* the connection was closed before the answer was whole */
	OUTCOME_TIMED_OUT, /* no whole answer in time */
	OUTCOME_NO_SENSE,  /* an answer that is no HTTP, or no job's */
	OUTCOME_FAILED,    /* number: errno */
	_OUTCOME_KIND_MAX
};
extern const char *const outcome_names[_OUTCOME_KIND_MAX]; /* as in the JSON object */

struct outcome {
	enum outcome_kind kind;
	int number;
	bool warm, timed;                    /* by the agent, which says … */
	uint64_t queue_ns, start_ns, run_ns; /* … these */
	char why[120];                       /* printable; may be empty */
};

/* error: 0 when the caller holds a whole answer.  expected: the job's output; NULL: anything. */
void outcome_of(struct outcome *ret, struct caller *c, int error, const char *expected);

enum { TALLY_ROWS = 16 };

struct tally {
	struct tally_row {
		enum outcome_kind kind;
		int number;
		uint64_t count;
		char why[120]; /* of the first */
	} rows[TALLY_ROWS];
	size_t used;
	uint64_t total; /* those that found no row, too */
};

void tally_add(struct tally *t, const struct outcome *o); /* not what is OK */
/* "status 429", "exit 1", "refused" */
void tally_name(const struct tally_row *row, char *ret, size_t size);
