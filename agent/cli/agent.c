/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "agent/api/agent.h"
#include "agent/cli/commands.h"
#include "agent/config/command.h"

struct agent_args {
	bool check;
};

static const struct option_row rows[] = {
	{ .name = "check",
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct agent_args, check),
	  .fallback = "false",
	  .help = "Check the configuration and that this machine has what it names, show what "
		  "would be in force, and do not start." },
};
static const struct option_table options = { rows, sizeof(rows) / sizeof(rows[0]) };

static int check(const struct command_call *call, struct config *config)
{
	const char *path = call->common.config;
	struct config_error e = { 0 };
	char line[1024];
	int status;

	if (config_load(path, config, &e)) {
		config_error_format(&e, *path ? path : CONFIG_FILE, line, sizeof(line));
		fprintf(stderr, "fairlead: %s\n", line);
		return COMMAND_WRONG_USE;
	}
	status = agent_check(config);
	if (!status && !call->common.quiet)
		config_print(config, *path ? path : CONFIG_FILE, stdout);
	return status;
}

static int run(const struct command_call *call)
{
	const struct agent_args *args = call->args;
	struct agent_start start = { .config = call->config,
				     .config_path = call->common.config,
				     .config_required = call->common.config[0] };

	if (!start.config_required)
		start.config_path = CONFIG_FILE;
	return args->check ? check(call, &start.config) : agent_run(&start);
}

const struct command command_agent = {
	.name = "agent",
	.summary = "run the agent in the foreground",
	.description =
		"Watches the node and answers on its socket until it is told to stop. Started by root it "
		"splits in two: a warden, which keeps the two capabilities that BPF needs, and the "
		"agent, which has a uid of its own and no rights at all.\n"
		"\n"
		"SIGTERM and SIGINT drain, a second one stops at once; SIGHUP reads the configuration "
		"anew; SIGUSR1 writes the state to dump.jsonl in the state folder.",
	.options = &options,
	.size = sizeof(struct agent_args),
	.configured = true,
	.examples = "fairlead agent  # all defaults, no file needed\n"
		    "fairlead agent --check --config new.yaml  # is this file right?\n"
		    "fairlead agent --for 10s --log-format json\n",
	.run = run,
};
