/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/top/draw_spread.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/hist.h"
#include "agent/cli/columns.h"
#include "agent/cli/table.h"
#include "agent/cli/top/canvas.h"
#include "agent/cli/top/model.h"
#include "agent/snapshot/snapshot.h"

enum {
	PANEL_LEAST = 38, /* columns: end of the slot, how many, and a bar that says something */
	PANELS_MAX = 8,
	LABEL = 18, /* columns in front of a bar */
};

struct panel {
	char title[SPREAD_TITLE];
	struct hist h;
};

struct area {
	int row, column, rows, columns;
};

/* Slots are put together, two, four … at a time, until they fit the rows there are. */
static unsigned int together(unsigned int slots, int rows)
{
	unsigned int n = 1;

	while (rows > 0 && (slots + n - 1) / n > (unsigned int)rows)
		n *= 2;
	return n;
}

static uint64_t count_in(const struct hist *h, unsigned int from, unsigned int n)
{
	uint64_t sum = 0;

	for (unsigned int i = from; i < from + n && i < FL_HIST_SLOTS; i++)
		sum += h->slots[i];
	return sum;
}

static void draw_slot(struct canvas *c, const struct area *a, int row, unsigned int last,
		      uint64_t count, uint64_t most, double seconds)
{
	char end[CELL], rate[CELL];
	int room = a->columns - LABEL;
	bool open = last >= FL_HIST_SLOTS - 1;
	int bar = most ? (int)((double)count / (double)most * room) : 0;

	canvas_say(c, row, a->column, STYLE_PLAIN, "%c%8s %7s ", open ? '>' : '<',
		   table_time(end, hist_slot_end_ns(last)),
		   table_count(rate, (double)count / seconds));
	if (count && !bar) /* what is there is seen */
		bar = 1;
	canvas_bar(c, row, a->column + LABEL, bar < room ? bar : room, '#', STYLE_GOOD);
}

static void draw_panel(struct canvas *c, const struct area *a, const struct panel *p,
		       double seconds)
{
	unsigned int first = 0, end = FL_HIST_SLOTS, n;
	uint64_t count = hist_count(&p->h), most = 0;
	char rate[CELL], p50[CELL], p99[CELL];
	int row = a->row;

	canvas_say(c, row++, a->column, STYLE_BRIGHT, "%.*s", a->columns, p->title);
	canvas_say(c, row++, a->column, STYLE_DIM, "%s/s, p50 < %s, p99 < %s",
		   table_count(rate, (double)count / seconds),
		   table_time(p50, hist_quantile_ns(&p->h, 0.5)),
		   table_time(p99, hist_quantile_ns(&p->h, 0.99)));
	if (!count)
		return;
	while (!p->h.slots[first])
		first++;
	while (!p->h.slots[end - 1])
		end--;
	n = together(end - first, a->rows - 2);
	for (unsigned int i = first; i < end; i += n) {
		uint64_t here = count_in(&p->h, i, n);

		most = here > most ? here : most;
	}
	for (unsigned int i = first; i < end && row < a->row + a->rows; i += n)
		draw_slot(c, a, row++, i + n - 1, count_in(&p->h, i, n), most, seconds);
}

/* Those that counted something; without any the first, so that there is one to be empty. */
static size_t collect(const struct listing *of, const struct snapshot *s, size_t row,
		      struct panel ret[PANELS_MAX])
{
	size_t n = 0;
	struct panel p;

	for (size_t at = 0; n < PANELS_MAX && of->spread(s, row, at, &p.h, p.title); at++)
		if (hist_count(&p.h))
			ret[n++] = p;
	if (!n && of->spread(s, row, 0, &ret[0].h, ret[0].title))
		n = 1;
	return n;
}

static void draw_panels(struct canvas *c, const struct area *a, struct model *m,
			const struct panel *panels, size_t count)
{
	size_t fit = (size_t)(a->columns / PANEL_LEAST);
	struct area one = *a;

	if (!count)
		return;
	if (fit > count)
		fit = count;
	if (!fit)
		fit = 1;
	if (m->over_first + fit > count)
		m->over_first = count - fit;
	one.columns = a->columns / (int)fit - 1;
	for (size_t i = m->over_first; i < m->over_first + fit; i++) {
		draw_panel(c, &one, &panels[i], snapshot_seconds(m->snapshot));
		one.column += one.columns + 1;
	}
	if (fit < count && c->columns >= 60)
		canvas_say(c, a->row - 1, c->columns - 25, STYLE_DIM, "%zu of %zu: left, right",
			   m->over_first + fit, count);
}

/* --- a cgroup: its waits, what it did to which disk and whose waits were the longest --- */

static int draw_shares(struct canvas *c, const struct area *a, const struct snapshot *s,
		       const struct cgroup_snapshot *g)
{
	double seconds = snapshot_seconds(s);
	int row = a->row;

	for (size_t i = 0; i < s->share_count && row < a->row + a->rows; i++) {
		const struct share_snapshot *share = &s->shares[i];
		char read[CELL], reads[CELL], written[CELL], writes[CELL];

		if (share->cgroup != g->number)
			continue;
		canvas_say(
			c, row++, a->column, STYLE_PLAIN,
			"%-12.12s read %s/s (%s/s), written %s/s (%s/s)", share->disk,
			table_bytes(read, (uint64_t)((double)share->op[DISK_READ].bytes / seconds)),
			table_count(reads, (double)share->op[DISK_READ].ios / seconds),
			table_bytes(written,
				    (uint64_t)((double)share->op[DISK_WRITE].bytes / seconds)),
			table_count(writes, (double)share->op[DISK_WRITE].ios / seconds));
	}
	return row;
}

static int draw_waiters(struct canvas *c, const struct area *a, const struct snapshot *s,
			const struct cgroup_snapshot *g)
{
	char all[CELL], longest[CELL];
	int row = a->row;

	for (size_t i = 0; i < s->waiter_count && row < a->row + a->rows; i++) {
		const struct waiter_snapshot *w = &s->waiters[i];

		if (w->cgroup == g->number && w->thread && w->waits)
			canvas_say(c, row++, a->column, STYLE_PLAIN,
				   "%s[%u] waited long %llu times, %s in all, at worst %s", w->name,
				   w->thread, (unsigned long long)w->waits,
				   table_time(all, w->wait_ns), table_time(longest, w->longest_ns));
	}
	return row;
}

static void draw_cgroup(struct canvas *c, struct area a, const struct snapshot *s,
			const struct cgroup_snapshot *g)
{
	struct panel waits = { .title = "waits for a CPU", .h = g->wait };
	char ran[CELL], waited[CELL], preempted[CELL];
	double seconds = snapshot_seconds(s);
	int end = a.row + a.rows;

	if (g->pod[0] || g->unit[0])
		canvas_say(c, a.row++, 0, STYLE_PLAIN, "%s%s%s %.12s", g->pod[0] ? "pod " : "unit ",
			   g->pod[0] ? g->pod : g->unit, g->container[0] ? ", container" : "",
			   g->container);
	canvas_say(c, a.row++, 0, STYLE_PLAIN, "ran %s/s, waited %s/s, preempted %s/s",
		   table_time(ran, (uint64_t)((double)g->sched[SCHED_RUN_NS] / seconds)),
		   table_time(waited, (uint64_t)((double)g->sched[SCHED_WAIT_NS] / seconds)),
		   table_count(preempted, (double)g->sched[SCHED_PREEMPTED] / seconds));
	a.rows = (end - a.row) / 4; /* the bars keep half of the screen at least */
	a.row = draw_shares(c, &a, s, g);
	a.row = draw_waiters(c, &a, s, g) + 1;
	a.rows = end - a.row;
	if (a.rows > 3)
		draw_panel(c, &a, &waits, seconds);
}

void draw_spread(struct canvas *c, int row, struct model *m)
{
	const struct listing *of = listings[model_listing(m)];
	struct panel panels[PANELS_MAX];
	char name[LISTING_NAME_MAX], shown[LISTING_NAME_MAX + 512];
	struct area a = { .row = row + 2, .rows = c->rows - row - 3, .columns = c->columns };
	size_t at;

	if (!model_selected(m, &at)) {
		canvas_put(c, row, 0, STYLE_DIM, "nothing is selected");
		return;
	}
	of->name(m->snapshot, at, name);
	canvas_put(c, row, 0, STYLE_SELECTED,
		   table_tail(shown, sizeof(shown), name, (size_t)c->columns));
	if (model_listing(m) == LISTING_CGROUPS)
		draw_cgroup(c, a, m->snapshot, &m->snapshot->cgroups[at]);
	else if (of->spread)
		draw_panels(c, &a, m, panels, collect(of, m->snapshot, at, panels));
	else
		canvas_put(c, a.row, 0, STYLE_DIM, "these are counted, not timed");
}
