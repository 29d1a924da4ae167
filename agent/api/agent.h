/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent: the unprivileged process from start to end: what `fairlead agent` runs.  It senses
 * on its beat, answers the door, reloads on HUP, drains on TERM, dumps its state on USR1.
 */
#pragma once
#include <stdbool.h>

#include "agent/config/config.h"

struct agent_start {
	struct config
		config; /* defaults, environment and flags: what counts before the file is read */
	const char *config_path; /* NULL: no file */
	bool config_required;    /* the user named it, so it has to be there */
};

/*
 * Would a start with this configuration get what it names?  Looks only, but becomes the agent's user
 * for it, for good.  0, or 1 or 2 with the line on stderr that the start would end with; a port that
 * is taken is none of them, as whoever has it may be the agent that shall be restarted.
 */
int agent_check(const struct config *config);

/* Returns the exit status: 0 done, 1 failed, 2 wrong configuration. */
int agent_run(const struct agent_start *start);
