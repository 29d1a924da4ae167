/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: starts one command in namespaces of its own, with a root, limits and rights as the
 * spec says, and ends all that came of it.  Process 1 inside is ours (stub.h): it reaps,
 * passes signals on, and goes down with us and with the command, and everything with it.
 * docs/sandbox.md says what is isolated and what is not.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/sandbox/spec.h"

struct sandbox {
	pid_t pid;  /* of process 1 inside, as seen from here */
	int pidfd;  /* readable when all has ended */
	int report; /* what process 1 has to say */
	const struct sandbox_group *group;
};

struct sandbox_result {
	bool told;  /* the command ended by itself; else all was killed from outside */
	int status; /* as of wait(2), of the command; killed by SIGKILL unless told */
	uint64_t user_ns, system_ns, peak_bytes; /* of the command and what it waited for */
};

/*
 * 0 when the command was executed.  Else what failed in why; *ret is then untouched and
 * nothing is left.  As root it is the caller's one thread whose rights change for a moment.
 */
int sandbox_start(struct sandbox *ret, const struct sandbox_spec *spec, struct sandbox_why *why);

int sandbox_signal(const struct sandbox *s, int signal); /* to the command */
int sandbox_end(const struct sandbox *s);                /* kills all that is inside, now */

/* Waits until nothing runs inside, and closes s. */
int sandbox_wait(struct sandbox *s, struct sandbox_result *ret);
