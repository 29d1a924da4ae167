/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/commands.h"

#include "agent/config/command.h"

const struct command *commands(size_t *count)
{
	static struct command all[6];

	all[0] = command_agent;
	all[1] = command_snapshot;
	all[2] = command_top;
	all[3] = command_doctor;
	all[4] = command_run;
	all[5] = command_bench;
	*count = sizeof(all) / sizeof(all[0]);
	return all;
}
