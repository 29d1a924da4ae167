/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: one job in the sandbox that was taken for it, from its hand-over to its end: its streams,
 * what it wrote, how it ended.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "agent/jobs/result.h"
#include "agent/wire/group.h"
#include "agent/wire/slot.h"

struct job_request;
struct loop;
struct loop_source;
struct pool_slot;

struct run_output {
	int fd;
	struct loop_source *source;
	char *bytes;
	size_t size, room, most;
	bool more; /* was written than is kept */
};

struct run { /* zeroed to begin with, but for what is named first */
	struct loop *loop;
	struct pool_slot *slot;
	const struct job_request *request;
	void (*ended)(struct run *r); /* once, in the loop; the sandbox is still the run's */
	bool as_code;                 /* payload_write() */
	int nowhere;                  /* what a job without input reads, borrowed */
	struct group_limits limits;   /* that are set before it runs, … */
	bool limit;                   /* … where they are not its pool's */

	uint64_t handed_ns, runs_ns, ended_ns;
	struct group_usage used;   /* known before ended() where the job was killed */
	struct slot_report report; /* state: SLOT_ENDED, SLOT_FAILED, or 0: it was killed whole */
	/* its own: */
	struct loop_source *source;
	struct run_output out, err;
	bool ending, is_gone; /* all is known but what it used; nothing is left of it */
};

int run_start(struct run *r); /* -errno: it was not handed over; to be cleared all the same */
void run_signal(const struct run *r, int signal);
void run_kill(struct run *r);  /* now, all of it; ended() is not called */
void run_clear(struct run *r); /* gives the sandbox back */
