/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/cli/commands.h"
#include "agent/cli/look.h"
#include "agent/cli/table.h"
#include "agent/cli/top/canvas.h"
#include "agent/cli/top/draw.h"
#include "agent/cli/top/feed.h"
#include "agent/cli/top/model.h"
#include "agent/cli/top/screen.h"
#include "agent/config/command.h"
#include "agent/loop/loop.h"

struct top_args {
	uint64_t interval_ns;
	int view;
	char sort[32], filter[FILTER_MAX];
	bool agent;
};

static const struct option_row rows[] = {
	{ .name = "interval",
	  .letter = 'i',
	  .type = OPTION_DURATION,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct top_args, interval_ns),
	  .min = 100 * (int64_t)NS_PER_MSEC,
	  .max = 60 * (int64_t)NS_PER_SEC,
	  .fallback = "1s",
	  .help = "What is shown is what happened in this time, and so often it is shown anew." },
	{ .name = "view",
	  .type = OPTION_ENUM,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct top_args, view),
	  .values = model_view_names,
	  .fallback = "overview",
	  .help = "What to begin with." },
	{ .name = "sort",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct top_args, sort),
	  .fallback = "",
	  .argument = "COLUMN",
	  .help = "Sort that view by this column at first; a wrong one is answered with those that "
		  "there are." },
	{ .name = "filter",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct top_args, filter),
	  .fallback = "",
	  .help = "Show only what has this in its name, or in that of its pod or container." },
	{ .name = "agent",
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct top_args, agent),
	  .fallback = "false",
	  .help = "Only ask the agent: where none answers, end with 3 rather than load the "
		  "probes." },
};
static const struct option_table options = { rows, sizeof(rows) / sizeof(rows[0]) };

struct top {
	struct model model;
	struct loop *loop;
	struct screen *screen;
	struct feed *feed;
	struct loop_source *redraw; /* while the terminal takes nothing, or what is shown ages */
	int ended_by;               /* a signal, or 0 */
};

#define AGE_NS (NS_PER_SEC / 2)

static void show(struct top *t)
{
	CLEANUP(canvas_freep) struct canvas *canvas = NULL;
	int rows_now, columns_now;
	bool shown;

	screen_size(t->screen, &rows_now, &columns_now);
	if (canvas_new(&canvas, rows_now, columns_now))
		return;
	draw(canvas, &t->model, clock_mono_ns());
	shown = screen_show(t->screen, canvas);
	if (!shown || t->model.paused || t->model.trouble[0])
		loop_timer_set(t->redraw, AGE_NS, 0);
}

static void on_redraw(void *context, uint32_t events)
{
	(void)events;
	show(context);
}

static void on_fed(void *context, struct snapshot *s)
{
	struct top *t = context;

	model_feed(&t->model, s, clock_mono_ns());
	show(t);
}

static void on_trouble(void *context, const char *why)
{
	struct top *t = context;

	model_trouble(&t->model, why);
	show(t);
}

static void press(struct top *t, uint32_t key)
{
	if (key == ('l' & 0x1f)) { /* ^L: somebody wrote across it */
		screen_resize(t->screen);
		return;
	}
	switch (model_press(&t->model, key)) {
	case EFFECT_QUIT:
		loop_stop(t->loop, COMMAND_DONE);
		break;
	case EFFECT_PAUSE:
		feed_pause(t->feed, t->model.paused);
		break;
	case EFFECT_INTERVAL:
		feed_set_interval(t->feed, t->model.interval_ns);
		break;
	default:
		break;
	}
}

static void on_key(void *context, uint32_t events)
{
	struct top *t = context;
	uint32_t key;

	while ((key = screen_key(t->screen)))
		press(t, key);
	if (events & (EPOLLHUP | EPOLLERR)) /* the terminal is gone */
		loop_stop(t->loop, COMMAND_FAILED);
	else
		show(t);
}

static void on_end(void *context, uint32_t number)
{
	struct top *t = context;

	t->ended_by = number == SIGINT ? 0 : (int)number; /* ^C is how a person quits */
	if (t->ended_by)
		screen_hurry(t->screen);
	loop_stop(t->loop, COMMAND_DONE);
}

static void on_stop(void *context, uint32_t number)
{
	struct top *t = context;

	(void)number;
	screen_stop(t->screen);
	show(t);
}

static void on_continue(void *context, uint32_t number)
{
	struct top *t = context;

	(void)number; /* after a stop that we could not see, as SIGSTOP is one */
	screen_resume(t->screen);
	show(t);
}

static void on_resize(void *context, uint32_t number)
{
	struct top *t = context;

	(void)number;
	screen_resize(t->screen);
	show(t);
}

static int watch(struct top *t)
{
	static const struct {
		int number;
		loop_fn fn;
	} signals[] = {
		{ SIGTERM, on_end },      { SIGHUP, on_end },   { SIGINT, on_end },
		{ SIGQUIT, on_end },      { SIGTSTP, on_stop }, { SIGWINCH, on_resize },
		{ SIGCONT, on_continue },
	};
	int r = loop_watch(t->loop, STDIN_FILENO, EPOLLIN, on_key, t, NULL);

	for (size_t i = 0; !r && i < sizeof(signals) / sizeof(signals[0]); i++)
		r = loop_signal(t->loop, signals[i].number, signals[i].fn, t);
	return r ? r : loop_timer(t->loop, 0, on_redraw, t, &t->redraw);
}

static int refuse_sort(const struct listing *of, const char *view, const char *wrong)
{
	char quoted[OPTION_QUOTE_MAX];

	fprintf(stderr, "fairlead: %s cannot be sorted by '%s': there are name", view,
		option_quote(wrong, quoted));
	for (size_t i = 0; i < of->column_count; i++)
		fprintf(stderr, ", %s", of->columns[i].name);
	fputc('\n', stderr);
	return COMMAND_WRONG_USE;
}

static int prepare(struct model *m, const struct top_args *args)
{
	int column;

	model_init(m, args->interval_ns);
	m->view = (enum model_view)args->view;
	if (args->sort[0]) {
		const struct listing *of = listings[model_listing(m)];

		if (!listing_find(of, args->sort, &column))
			return refuse_sort(of, model_view_names[m->view], args->sort);
		model_sort(m, model_listing(m), column);
	}
	model_filter(m, model_listing(m), args->filter);
	return 0;
}

/* From here on the terminal is ours; what is wrong is said when it no longer is. */
static int run_on_screen(struct top *t, struct look *look, bool colour)
{
	const struct feed_user user = { .context = t, .fed = on_fed, .troubled = on_trouble };
	CLEANUP(feed_freep) struct feed *feed = NULL;
	int r = watch(t);

	if (!r)
		r = screen_begin(t->screen, colour);
	if (r)
		return r;
	show(t);
	r = feed_new(&feed, t->loop, look, t->model.interval_ns, &user);
	if (r)
		return r;
	t->feed = feed;
	return loop_run(t->loop);
}

static int check_screen(struct top *t)
{
	char why[256];
	int r = screen_new(&t->screen, why, sizeof(why));

	if (r)
		fprintf(stderr, "fairlead: %s\n", why);
	return r == -ENOTTY ? COMMAND_WRONG_USE : r ? COMMAND_FAILED : 0;
}

static int run_top(struct top *t, const struct command_call *call, struct look *look)
{
	int r = loop_new(&t->loop);

	t->model.by_agent = look_by_agent(look);
	if (!r)
		r = run_on_screen(t, look, table_colour(stdout, !call->common.color));
	t->screen = screen_free(t->screen);
	if (r < 0)
		fprintf(stderr, "fairlead: top cannot run: %s\n", strerror(-r));
	return r < 0 ? COMMAND_FAILED : r;
}

/* As if the signal had ended us: the shell, or who else waits, sees which it was. */
static void end_by(int number)
{
	sigset_t it;

	if (!number)
		return;
	sigemptyset(&it);
	sigaddset(&it, number);
	signal(number, SIG_DFL);
	raise(number);
	pthread_sigmask(SIG_UNBLOCK, &it, NULL);
}

static int run(const struct command_call *call)
{
	const struct top_args *args = call->args;
	CLEANUP(look_freep) struct look *look = NULL;
	struct top top = { 0 };
	int r;

	log_setup(call->common.verbose ? LOG_DEBUG : LOG_ERROR, LOG_TEXT, 0);
	if (call->common.output == OUTPUT_JSON) {
		fprintf(stderr,
			"fairlead: top is for people: `fairlead snapshot -o json --watch` is "
			"for programs\n");
		return COMMAND_WRONG_USE;
	}
	r = prepare(&top.model, args);
	if (!r)
		r = check_screen(&top);
	if (!r)
		r = look_new(&look, &call->common, args->agent);
	if (!r)
		r = look_may_measure(look);
	if (!r)
		r = run_top(&top, call, look);
	top.screen = screen_free(top.screen);
	model_done(&top.model);
	top.loop = loop_free(top.loop);
	look = look_free(look);
	end_by(top.ended_by);
	return r;
}

const struct command command_top = {
	.name = "top",
	.summary = "show it live, on the full screen",
	.description =
		"What waits for a CPU and what the disks do for whom, each second anew: the node at a "
		"glance, and lists of cgroups, CPUs, disks, network interfaces and tasks that waited "
		"long, which can be sorted, "
		"filtered by pod, container or name, and paused. d shows the distributions of a row, "
		"? all keys.\n"
		"\n"
		"Asks the agent, and goes on when that comes back after it was gone; where none "
		"answers at the start it loads the probes itself, which takes root.",
	.options = &options,
	.size = sizeof(struct top_args),
	.examples = "fairlead top\n"
		    "fairlead top --view cgroups --sort written --filter nginx\n"
		    "ssh -t NODE fairlead top  # a terminal is what it needs\n",
	.run = run,
};
