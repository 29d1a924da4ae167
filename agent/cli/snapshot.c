/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/cli/commands.h"
#include "agent/cli/look.h"
#include "agent/cli/print.h"
#include "agent/cli/table.h"
#include "agent/config/command.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/json.h"

struct snapshot_args {
	uint64_t window_ns;
	bool watch, agent;
};

static const struct option_row rows[] = {
	{ .name = "for",
	  .type = OPTION_DURATION,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct snapshot_args, window_ns),
	  .max = 60 * (int64_t)NS_PER_SEC,
	  .fallback = "0s",
	  .help = "Look at the node for this long, from now on. 0s shows the agent's last window, or "
		  "600ms where no agent runs." },
	{ .name = "watch",
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct snapshot_args, watch),
	  .fallback = "false",
	  .help = "Show it again and again until interrupted: each second, or each --for. A terminal is "
		  "cleared between pages, else each has the time above it and an empty line before "
		  "that; with -o json each is one line." },
	{ .name = "agent",
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct snapshot_args, agent),
	  .fallback = "false",
	  .help = "Only ask the agent: where none answers, end with 3 rather than load the probes. "
		  "With -q it is a health check." },
};
static const struct option_table options = { rows, sizeof(rows) / sizeof(rows[0]) };

static int no_sense(void)
{
	fprintf(stderr, "fairlead: the agent's answer makes no sense: are agent and command of the "
			"same version?\n");
	return COMMAND_FAILED;
}

static int show_json(const struct command_call *call, const char *json)
{
	const char *const *keys = call->count ? (const char *const *)call->words : NULL;
	CLEANUP(freep) char *kept = json_keep(json, strlen(json), keys, (size_t)call->count);

	if (!kept)
		return no_sense();
	puts(kept);
	return COMMAND_DONE;
}

/* A terminal that can is cleared between pages, all else gets an empty line and the time. */
static void begin_page(bool first)
{
	const char *terminal = getenv("TERM");
	char time[CLOCK_TEXT];

	if (isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb")) {
		fputs("\033[H\033[2J", stdout);
		return;
	}
	clock_format(time, clock_wall_ns());
	printf("%s%s\n", first ? "" : "\n", time);
}

static int show_table(const struct command_call *call, const char *json)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;

	if (json_read_snapshot(json, strlen(json), &s))
		return no_sense();
	print_snapshot(s, call->words, call->count, table_colour(stdout, !call->common.color),
		       stdout);
	return COMMAND_DONE;
}

static int show(const struct command_call *call, struct look *look, uint64_t window_ns, bool first)
{
	const struct snapshot_args *args = call->args;
	CLEANUP(freep) char *json = NULL;
	int r = look_snapshot(look, window_ns, &json);

	if (r)
		return r;
	if (call->common.quiet)
		return COMMAND_DONE;
	if (args->watch && call->common.output != OUTPUT_JSON)
		begin_page(first);
	r = call->common.output == OUTPUT_JSON ? show_json(call, json) : show_table(call, json);
	return r ? r : fflush(stdout) ? COMMAND_FAILED : COMMAND_DONE;
}

static int run(const struct command_call *call)
{
	const struct snapshot_args *args = call->args;
	uint64_t window_ns = args->window_ns;
	CLEANUP(look_freep) struct look *look = NULL;
	int r;

	log_setup(call->common.verbose ? LOG_DEBUG : LOG_ERROR, LOG_TEXT, 0);
	if (window_ns && window_ns < NS_PER_MSEC) {
		fprintf(stderr, "fairlead: option '--for' cannot be so short: give 1ms or more\n");
		return COMMAND_WRONG_USE;
	}
	if (args->watch && !window_ns)
		window_ns = NS_PER_SEC; /* each look starts where the last one ended */
	r = look_new(&look, &call->common, args->agent);
	for (bool first = true; !r && (first || args->watch); first = false)
		r = show(call, look, window_ns, first);
	return r;
}

const struct command command_snapshot = {
	.name = "snapshot",
	.summary = "show the node's state",
	.description =
		"How long tasks waited for a CPU, per CPU and per cgroup, what the disks did for whom, "
		"page cache, memory and network. Rates are of the window that the page names: with an agent "
		"its last one, which is there at once; else of --for. Where no agent answers it loads the "
		"probes itself for one look, which takes root. Percentiles are the end of the histogram's "
		"slot that they lie in: at most twice the truth from 1 us on.\n"
		"\n"
		"With sections only these are shown, and each with all of its rows; of the JSON object "
		"the keys of these names are kept beside those that say what it is.",
	.arguments = "[SECTION]...",
	.most = 16,
	.words = &print_sections,
	.options = &options,
	.size = sizeof(struct snapshot_args),
	.examples = "fairlead snapshot\n"
		    "fairlead snapshot --for 10s\n"
		    "fairlead snapshot disks cgroups --watch\n"
		    "fairlead snapshot --agent -q  # does the agent answer?\n"
		    "fairlead snapshot -o json | jq '.cgroups[0]'\n",
	.run = run,
};
