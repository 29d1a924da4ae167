/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/version.h"
#include "agent/cli/commands.h"
#include "agent/config/command.h"
#include "agent/config/render.h"

/*
 * Whoever started us may have closed 0, 1 or 2; what we open next would get the number and,
 * being a socket to the warden, all that we print.  Reading gives an end, writing an error.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* What was printed is of no use to anybody when it did not arrive. */
static int arrived(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "fairlead: cannot write the result: %s\n", strerror(errno));
	return status ? status : COMMAND_FAILED;
}

int main(int argc, char **argv)
{
	CLEANUP(command_call_done) struct command_call call = { 0 };
	char err[512];
	size_t count;
	const struct command *all = commands(&count);

	fill_standard_descriptors();
	if (command_parse(all, count, argc, argv, &call, err, sizeof(err))) {
		fprintf(stderr, "fairlead: %s\n", err);
		return COMMAND_WRONG_USE;
	}
	if (call.common.version) {
		printf("fairlead %s\n", version());
		return arrived(COMMAND_DONE);
	}
	if (call.common.help) {
		render_help(all, count, call.command, stdout);
		return arrived(COMMAND_DONE);
	}
	return arrived(call.command->run(&call));
}
