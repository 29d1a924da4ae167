/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/log.h"
#include "agent/cli/commands.h"
#include "agent/cli/look.h"
#include "agent/cli/print.h"
#include "agent/cli/table.h"
#include "agent/config/command.h"
#include "agent/snapshot/finding.h"
#include "exporters/json/json.h"

static int show(const struct command_call *call, const char *json)
{
	CLEANUP(freep) struct findings *f = malloc(sizeof(*f));
	CLEANUP(freep) char *ascii = NULL;
	char kernel[65];

	if (call->common.output == OUTPUT_JSON) {
		ascii = json_keep(json, strlen(json), NULL, 0);
		if (ascii)
			return puts(ascii) < 0 || fflush(stdout) ? COMMAND_FAILED : COMMAND_DONE;
	}
	if (!f || call->common.output == OUTPUT_JSON ||
	    json_read_findings(json, strlen(json), f, kernel)) {
		fprintf(stderr,
			"fairlead: the agent's answer makes no sense: are agent and command of "
			"the same version?\n");
		return COMMAND_FAILED;
	}
	print_findings(f, kernel, table_colour(stdout, !call->common.color), stdout);
	return fflush(stdout) ? COMMAND_FAILED : COMMAND_DONE;
}

static int run(const struct command_call *call)
{
	CLEANUP(look_freep) struct look *look = NULL;
	CLEANUP(freep) char *json = NULL;
	int r;

	log_setup(call->common.verbose ? LOG_DEBUG : LOG_ERROR, LOG_TEXT, 0);
	r = look_new(&look, &call->common, false);
	if (!r)
		r = look_findings(look, &json);
	return r ? r : show(call, json);
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "say what this kernel and machine allow",
	.description =
		"Every hook, backend and capability: on, on by a fallback, or off; why, in the "
		"kernel's own words; what is lost by it, and the mend. Asks the agent, or tries "
		"for itself where none answers.",
	.examples = "fairlead doctor\n"
		    "fairlead doctor -o json | jq '.hooks[] | select(.state != \"on\")'\n",
	.run = run,
};
