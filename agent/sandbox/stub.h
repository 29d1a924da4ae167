/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stub: process 1 inside.  It builds the sandbox around itself, starts the command, reaps,
 * passes signals on, tells how the command ended, and takes everything along when it goes.
 */
#pragma once
#include "agent/sandbox/user.h"

struct build;

enum stub_mode {
	STUB_COMMAND, /* executes the spec's command, and tells by the report how it ended */
	STUB_HELD,    /* all stands, then a job comes over the socket, and it tells there */
	STUB_AHEAD,   /* executes the command, which has the socket as well; tells there */
	STUB_IDLE,    /* the job's process is put in by others (agent/sandbox/graft) */
};

struct stub {
	struct build *build;
	enum stub_mode mode;
	int socket;     /* of its job, but for STUB_COMMAND and STUB_IDLE */
	int report;     /* to our parent: one struct sandbox_report, and one more at the end */
	int go;         /* readable when our limits stand; -1: they do already */
	int parent_end; /* of it, for us to close: while we held it, it would never hang up */
	struct user_host host; /* who we are outside */
};

/* Does not return. */
void stub_run(const struct stub *stub) __attribute__((noreturn));
