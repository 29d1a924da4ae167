/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "agent/base/cleanup.h"
#include "agent/base/version.h"
#include "agent/cli/commands.h"
#include "agent/config/command.h"
#include "agent/config/render.h"

int main(int argc, char **argv)
{
	CLEANUP(command_call_done) struct command_call call = { 0 };
	char err[512];
	size_t count;
	const struct command *all = commands(&count);

	if (command_parse(all, count, argc, argv, &call, err, sizeof(err))) {
		fprintf(stderr, "fairlead: %s\n", err);
		return COMMAND_WRONG_USE;
	}
	if (call.common.version) {
		printf("fairlead %s\n", version());
		return COMMAND_DONE;
	}
	if (call.common.help) {
		render_help(all, count, call.command, stdout);
		return COMMAND_DONE;
	}
	return call.command->run(&call);
}
