/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/terms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/cli/bench/rounds.h"
#include "agent/config/command.h"
#include "agent/config/quantity.h"

#define OPEN_CALLERS 1000 /* connections of an open loop, unless told */

static const char *const languages[] = { "python", "node", "java", "sh", "exec", NULL };
_Static_assert(BENCH_PYTHON == 0 && BENCH_EXEC == 4, "in the order of enum bench_kind");

static const struct option_row rows[] = {
	{ .name = "count",
	  .letter = 'n',
	  .type = OPTION_INT,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, count),
	  .min = 1,
	  .max = 10000000,
	  .fallback = "200",
	  .help = "Jobs that are measured, one after the other." },
	{ .name = "warm-up",
	  .type = OPTION_INT,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, warm_up),
	  .min = 0,
	  .max = 1000000,
	  .fallback = "20",
	  .help = "Jobs before them that are not; a tenth as many of each command." },
	{ .name = "pause",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, pause),
	  .fallback = "auto",
	  .argument = "TIME",
	  .help = "Wait before each of them, so that pools can fill. auto waits until the agent says "
		  "that they are full, 20ms where it does not say." },
	{ .name = "timeout",
	  .type = OPTION_DURATION,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, timeout_ns),
	  .min = (int64_t)NS_PER_MSEC,
	  .max = 3600 * (int64_t)NS_PER_SEC,
	  .fallback = "30s",
	  .help = "Count a job as failed that is not done after this long." },
	{ .name = "code",
	  .letter = 'e',
	  .type = OPTION_LIST,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, code),
	  .fallback = "",
	  .argument = "CODE",
	  .help = "Run this code; given again, it is the next line. What it prints is not looked at." },
	{ .name = "lang",
	  .type = OPTION_ENUM,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, language),
	  .values = languages,
	  .fallback = "python",
	  .help = "Language of load's job." },
	{ .name = "callers",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, callers),
	  .fallback = "",
	  .argument = "N[,N]...",
	  .help = "Callers of load, each of which asks again when it has its answer; of several "
		  "numbers one after the other. 10 unless told; with --rate the most connections, "
		  "1000 unless told." },
	{ .name = "rate",
	  .type = OPTION_PARTS,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, rate),
	  .max = 1000000000,
	  .fallback = "0",
	  .argument = "JOBS",
	  .help = "Send so many jobs a second, whether the agent keeps up or not; their time counts "
		  "from when they were due. 0 leaves the pace to the agent." },
	{ .name = "for",
	  .type = OPTION_DURATION,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, for_ns),
	  .min = (int64_t)NS_PER_MSEC,
	  .max = 86400 * (int64_t)NS_PER_SEC,
	  .fallback = "20s",
	  .help = "How long load sends jobs, for each number of callers." },
	{ .name = "peer",
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, peer),
	  .fallback = "false",
	  .help = "Measure the same beside it, in turns, with what else is on this machine: bwrap, "
		  "crun and runc for a sandbox, else a plain process and bwrap." },
	{ .name = "peer-count",
	  .type = OPTION_INT,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, peer_count),
	  .min = 1,
	  .max = 1000000,
	  .fallback = "100",
	  .help = "Runs of each command." },
	{ .name = "peer-path",
	  .type = OPTION_LIST,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct bench_args, peer_paths),
	  .fallback = "",
	  .argument = "FOLDER",
	  .help = "Look for them here, before PATH." },
};
const struct option_table bench_options = { rows, sizeof(rows) / sizeof(rows[0]) };

static const struct word_row parts[] = {
	{ "sandbox", "a sandbox around a program that does nothing" },
	{ "python", "Hello World in Python" },
	{ "node", "Hello World in Node" },
	{ "java", "Hello World in Java" },
	{ "exec", "a program of the system's" },
	{ "load", "many jobs at once" },
};
const struct word_table bench_parts = { "Parts", "part", parts, sizeof(parts) / sizeof(parts[0]) };

static const struct {
	const char *name;
	enum bench_kind kind;
} kinds[] = {
	{ "sandbox", BENCH_SANDBOX }, { "python", BENCH_PYTHON }, { "node", BENCH_NODE },
	{ "java", BENCH_JAVA },       { "exec", BENCH_EXEC },
};

static int refuse(char *err, size_t n, const char *option, const char *text, const char *mend)
{
	char quoted[OPTION_QUOTE_MAX];

	snprintf(err, n, "option '--%s' cannot be '%s': %s", option, option_quote(text, quoted),
		 mend);
	return -EINVAL;
}

static int read_pause(const char *text, uint64_t *ret, char *err, size_t n)
{
	*ret = PAUSE_AUTO;
	if (!strcmp(text, "auto"))
		return 0;
	if (quantity_read_duration(text, ret) || *ret > 3600 * NS_PER_SEC)
		return refuse(err, n, "pause", text,
			      "write auto, or a time such as 20ms, 1h at most");
	return 0;
}

static int read_callers(const char *text, struct bench_terms *ret, char *err, size_t n)
{
	const char *at = text;

	while (*at) {
		char *end;
		long callers = strtol(at, &end, 10);

		if (end == at || *at == '+' || callers < 1 || callers > BENCH_CALLERS_MAX ||
		    (*end && (*end != ',' || !end[1])))
			return refuse(err, n, "callers", text,
				      "write numbers from 1 to 10000, such as 1,10,100");
		if (ret->steps == BENCH_STEPS)
			return refuse(err, n, "callers", text, "16 numbers are the most");
		ret->callers[ret->steps++] = (size_t)callers;
		at = end + (*end == ',');
	}
	return 0;
}

static int read_load(const struct bench_args *args, struct bench_terms *ret, char *err, size_t n)
{
	int r = read_callers(args->callers, ret, err, n);

	if (r)
		return r;
	if (args->peer) {
		snprintf(err, n,
			 "option '--peer' is for the other parts: load asks the agent alone");
		return -EINVAL;
	}
	if (args->rate && ret->steps > 1)
		return refuse(err, n, "callers", args->callers,
			      "with --rate it is one number, the most connections");
	if (!ret->steps)
		ret->callers[ret->steps++] = args->rate ? OPEN_CALLERS : 10;
	ret->kind = (enum bench_kind)args->language;
	return 0;
}

int bench_terms_read(const struct command_call *call, struct bench_terms *ret, char *err, size_t n)
{
	const struct bench_args *args = call->args;
	int r;

	*ret = (struct bench_terms){ .load = !strcmp(call->words[0], "load") };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, call->words[0]))
			ret->kind = kinds[i].kind;
	r = read_pause(args->pause, &ret->pause_ns, err, n);
	if (!r && ret->load)
		r = read_load(args, ret, err, n);
	if (!r && args->code.count && (ret->kind == BENCH_EXEC || ret->kind == BENCH_SANDBOX)) {
		snprintf(err, n,
			 "option '--code' needs a language: python, node or java, or load "
			 "with --lang");
		return -EINVAL;
	}
	return r;
}
