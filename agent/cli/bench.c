/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/log.h"
#include "agent/cli/bench/ground.h"
#include "agent/cli/bench/job.h"
#include "agent/cli/bench/load.h"
#include "agent/cli/bench/outcome.h"
#include "agent/cli/bench/peers.h"
#include "agent/cli/bench/report.h"
#include "agent/cli/bench/rounds.h"
#include "agent/cli/bench/series.h"
#include "agent/cli/bench/stop.h"
#include "agent/cli/bench/terms.h"
#include "agent/cli/commands.h"
#include "agent/cli/look.h"
#include "agent/config/command.h"

struct bench {
	const struct command_call *call;
	const struct bench_args *args;
	struct bench_terms terms;
	struct look *look;
	struct bench_job job;
	struct ground ground;
	struct series *series; /* SERIES_MAX */
	struct load loads[BENCH_STEPS];
	struct report report;
};

static void bench_done(struct bench *b)
{
	for (size_t i = 0; b->series && i < SERIES_MAX; i++)
		series_done(&b->series[i]);
	for (size_t i = 0; i < BENCH_STEPS; i++)
		bench_load_done(&b->loads[i]);
	free(b->series);
	ground_remove(&b->ground);
	bench_job_done(&b->job);
	look_freep(&b->look);
}

static int fail(const char *what, int r)
{
	fprintf(stderr, "fairlead: cannot measure: %s: %s\n", what, strerror(-r));
	return COMMAND_FAILED;
}

static bool shows_progress(const struct bench *b)
{
	return !b->call->common.quiet && isatty(STDERR_FILENO);
}

static struct rounds rounds_of(struct bench *b, size_t count)
{
	return (struct rounds){ .socket = look_socket(b->look),
				.job = &b->job,
				.series = b->series,
				.count = count,
				.warm_up = (size_t)b->args->warm_up,
				.pause_ns = b->terms.pause_ns,
				.patience_ns = b->args->timeout_ns,
				.progress = shows_progress(b) };
}

/* An agent that is full for the moment can be measured; one that cannot run the job at all cannot. */
static int try_one(struct bench *b)
{
	const struct rounds rounds = rounds_of(b, 1);
	struct tally_row row = { 0 };
	struct outcome outcome;
	char name[32];

	rounds_try(&rounds, &outcome);
	if (!outcome.kind || stop_asked() ||
	    (outcome.kind == OUTCOME_STATUS && (outcome.number == 429 || outcome.number == 503)))
		return COMMAND_DONE;
	row.kind = outcome.kind;
	row.number = outcome.number;
	tally_name(&row, name, sizeof(name));
	fprintf(stderr,
		"fairlead: the agent cannot be measured, its first job went wrong: %s%s%s\n", name,
		outcome.why[0] ? ": " : "", outcome.why);
	return outcome.kind == OUTCOME_REFUSED ? COMMAND_NO_AGENT : COMMAND_FAILED;
}

static int measure_rows(struct bench *b)
{
	const struct peers_terms peers = { .job = &b->job,
					   .ground = &b->ground,
					   .folders = b->args->peer_paths.items,
					   .folder_count = b->args->peer_paths.count,
					   .others = b->args->peer,
					   .wanted = (size_t)b->args->peer_count,
					   .patience_ns = b->args->timeout_ns };
	struct rounds rounds;
	int r = ground_make(&b->ground, &b->job);

	if (r)
		return fail("no folder for commands to work on, see TMPDIR", r);
	b->series[0].wanted = (size_t)b->args->count;
	b->report.series = b->series;
	b->report.series_count = 1 + peers_make(&peers, &b->series[1]);
	rounds = rounds_of(b, b->report.series_count);
	rounds_run(&rounds);
	b->report.stopped = rounds.stopped;
	return b->series[0].whole.count ? COMMAND_DONE : COMMAND_FAILED;
}

/* Each caller is a descriptor. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int measure_load(struct bench *b)
{
	struct rounds warm_up = rounds_of(b, 1);
	pid_t agent = usage_find_agent(look_socket(b->look));
	size_t jobs = 0;

	raise_descriptors();
	rounds_run(&warm_up);
	b->report.loads = b->loads;
	for (size_t i = 0; i < b->terms.steps && !stop_asked(); i++) {
		const struct load_terms terms = { .socket = look_socket(b->look),
						  .job = &b->job,
						  .callers = b->terms.callers[i],
						  .rate = (double)b->args->rate / 1000,
						  .for_ns = b->args->for_ns,
						  .patience_ns = b->args->timeout_ns,
						  .agent = agent > 0 ? agent : 0,
						  .progress = shows_progress(b) };
		int r = bench_load(&b->loads[i], &terms);

		if (r)
			return fail("load", r);
		b->report.load_count++;
		jobs += b->loads[i].latency.count;
	}
	b->report.stopped = stop_asked();
	return jobs ? COMMAND_DONE : COMMAND_FAILED;
}

static int show(struct bench *b)
{
	CLEANUP(freep) char *json = NULL;

	if (b->call->common.output != OUTPUT_JSON) {
		report_table(&b->report, stdout);
		return COMMAND_DONE;
	}
	json = report_json(&b->report);
	if (!json)
		return fail("the result", -ENOMEM);
	puts(json);
	return COMMAND_DONE;
}

static int prepare(struct bench *b)
{
	const struct option_list *code = &b->args->code;
	int r = look_new(&b->look, &b->call->common, true);

	if (r)
		return r;
	r = bench_job_make(&b->job, b->terms.kind, b->terms.load ? BENCH_FIBONACCI : BENCH_HELLO,
			   code->items, code->count);
	b->series = calloc(SERIES_MAX, sizeof(*b->series));
	if (r || !b->series)
		return fail("the job", -ENOMEM);
	for (size_t i = 0; i < SERIES_MAX; i++)
		b->series[i].mounts = -1;
	b->series[0].name = "agent";
	b->report.part = b->call->words[0];
	b->report.what = b->job.what;
	b->report.lang = b->job.lang;
	b->report.warm_up = (size_t)b->args->warm_up;
	b->report.pause_ns = b->terms.pause_ns;
	return 0;
}

static int run(const struct command_call *call)
{
	CLEANUP(bench_done) struct bench b = { .call = call, .args = call->args };
	char err[512];
	int r, shown;

	log_setup(call->common.verbose ? LOG_DEBUG : LOG_ERROR, LOG_TEXT, 0);
	if (bench_terms_read(call, &b.terms, err, sizeof(err))) {
		fprintf(stderr, "fairlead: %s\n", err);
		return COMMAND_WRONG_USE;
	}
	stop_watch();
	r = prepare(&b);
	if (!r)
		r = try_one(&b);
	if (r)
		return r;
	r = b.terms.load ? measure_load(&b) : measure_rows(&b);
	shown = show(&b);
	return r ? r : shown ? shown : b.report.stopped ? COMMAND_FAILED : COMMAND_DONE;
}

const struct command command_bench = {
	.name = "bench",
	.summary = "measure how fast the agent runs jobs",
	.description =
		"Sends jobs to the agent over its socket, as any client would, and tells how long the "
		"answers took. All but load send one after the other. Beside them stand, in the same "
		"run and in turns, what 'fairlead run' takes for the same without an agent, and with "
		"--peer what other programs take that are on this machine. load sends many at once and "
		"tells what the agent's processes used meanwhile, too. docs/bench.md says what exactly "
		"each row measures.\n"
		"\n"
		"Stopped by Ctrl-C it tells what was measured until then. The exit code is 0 when all "
		"was measured, be it that some jobs failed, which are listed by kind; 1 when it was "
		"stopped, or no job went well; 3 when no agent answers.",
	.arguments = "PART",
	.least = 1,
	.most = 1,
	.words = &bench_parts,
	.options = &bench_options,
	.size = sizeof(struct bench_args),
	.examples = "fairlead bench python --peer\n"
		    "fairlead bench sandbox --peer --peer-path ./peers/usr/bin\n"
		    "fairlead bench load --callers 1,10,100 --for 10s\n"
		    "fairlead bench load --rate 200 -o json | jq '.loads[0].latency'\n",
	.run = run,
};
