/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stub: process 1 inside.  It builds the sandbox around itself, starts the command, reaps,
 * passes signals on, tells how the command ended, and takes everything along when it goes.
 */
#pragma once
#include "agent/sandbox/user.h"

struct build;

struct stub {
	struct build *build;
	int report;     /* to our parent: one struct sandbox_report, and one more at the end */
	int go;         /* readable when our limits stand; -1: they do already */
	int parent_end; /* of it, for us to close: while we held it, it would never hang up */
	struct user_host host; /* who we are outside */
};

/* Does not return. */
void stub_run(const struct stub *stub) __attribute__((noreturn));
