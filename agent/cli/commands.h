/* SPDX-License-Identifier: Apache-2.0 */
/* commands: the table of them.  A new command is a file here and a row there. */
#pragma once
#include <stddef.h>

struct command;

const struct command *commands(size_t *count);

extern const struct command command_agent, command_snapshot, command_top, command_doctor,
	command_run, command_bench;
