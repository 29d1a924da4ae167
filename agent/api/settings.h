/* SPDX-License-Identifier: Apache-2.0 */
/* settings: the configuration of the agent that runs, read at its start and on each reload. */
#pragma once

struct agent_start;
struct config;
struct launch;

enum { SETTINGS_WHY = 1024 }; /* one line: what is wrong, and how to mend it */

/* The file under the flags; -errno with what is wrong as one line in `why`. */
int settings_read(const struct agent_start *start, struct launch *launch, struct config *ret,
		  char why[SETTINGS_WHY]);

void settings_log_changes(const struct config *from, const struct config *to);
