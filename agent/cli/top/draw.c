/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/top/draw.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/base/printable.h"
#include "agent/cli/columns.h"
#include "agent/cli/table.h"
#include "agent/cli/top/canvas.h"
#include "agent/cli/top/draw_spread.h"
#include "agent/cli/top/model.h"
#include "agent/snapshot/snapshot.h"

/* Less is of no use to anybody, and the parts would lie on each other. */
enum { LEAST_ROWS = 4, LEAST_COLUMNS = 20 };

enum tabs { TABS_NAMED, TABS_NUMBERED, TABS_HERE };

/* One view's tab, "" where there is no room for it; returns its columns. */
static int tab(char *ret, size_t size, const struct model *m, int view, enum tabs how)
{
	if (view == (int)m->view || how == TABS_NAMED)
		return snprintf(ret, size, " %d %s", view + 1, model_view_names[view]);
	if (how == TABS_NUMBERED)
		return snprintf(ret, size, " %d", view + 1);
	*ret = '\0';
	return 0;
}

static int tabs_width(const struct model *m, enum tabs how)
{
	char text[CELL];
	int sum = 0;

	for (int view = 0; view < _VIEW_MAX; view++)
		sum += tab(text, sizeof(text), m, view, how);
	return sum;
}

static void draw_title(struct canvas *c, const struct model *m)
{
	int column = canvas_put(c, 0, 0, STYLE_BRIGHT, "fairlead top");
	char text[CELL + 80], up[CELL];
	enum tabs how = TABS_NAMED;

	if (m->snapshot) {
		snprintf(text, sizeof(text), "  %s up %s ", m->snapshot->host,
			 table_time(up, m->snapshot->uptime_ns));
		if (column + (int)printable_columns(text) + tabs_width(m, TABS_HERE) <= c->columns)
			column = canvas_put(c, 0, column, STYLE_PLAIN, text);
	}
	while (how < TABS_HERE && column + tabs_width(m, how) > c->columns)
		how++;
	if (how != TABS_HERE)
		column = c->columns - tabs_width(m, how);
	for (int view = 0; view < _VIEW_MAX; view++) {
		tab(text, sizeof(text), m, view, how);
		column = canvas_put(c, 0, column, view == (int)m->view ? STYLE_SELECTED : STYLE_DIM,
				    text);
	}
}

/* --- overview --- */

static enum style style_of(double share, double warn, double bad)
{
	return share >= bad ? STYLE_BAD : share >= warn ? STYLE_WARN : STYLE_GOOD;
}

static void line_waits(struct canvas *c, int row, const struct snapshot *s)
{
	struct hist h = snapshot_node_wait(s);
	char rate[CELL], sum[CELL], p50[CELL], p99[CELL], max[CELL];

	if (!snapshot_measures(s, "sched")) {
		canvas_put(c, row, 0, STYLE_DIM,
			   "cpu      waits are not measured: `fairlead doctor` says why");
		return;
	}
	canvas_say(c, row, 0, STYLE_PLAIN,
		   "cpu      waits %s/s, waited %s/s, p50 < %s, p99 < %s, max < %s",
		   table_count(rate, (double)hist_count(&h) / snapshot_seconds(s)),
		   table_time(sum, (uint64_t)((double)h.sum_ns / snapshot_seconds(s))),
		   table_time(p50, hist_quantile_ns(&h, 0.5)),
		   table_time(p99, hist_quantile_ns(&h, 0.99)),
		   table_time(max, hist_quantile_ns(&h, 1)));
}

/* From where on pressure is felt: a tenth of the time something stood still, or a third. */
static void line_pressure(struct canvas *c, int row, const struct snapshot *s)
{
	int column = canvas_put(c, row, 0, STYLE_PLAIN, "pressure");

	for (int of = 0; of < _PRESSURE_MAX; of++) {
		double share = (double)s->pressure[of].some_ns / (snapshot_seconds(s) * 1e7);

		if (!s->pressure[of].known)
			continue;
		column = canvas_say(c, row, column, STYLE_PLAIN, " %s ", pressure_names[of]);
		column = canvas_say(c, row, column, style_of(share, 10, 33), "%.1f%%", share);
	}
	if (column == (int)strlen("pressure"))
		canvas_put(c, row, column, STYLE_DIM, " this kernel does not tell");
}

static void line_memory(struct canvas *c, int row, const struct snapshot *s)
{
	const struct memory *m = &s->memory;
	char a[CELL], b[CELL], dirty[CELL];

	if (m->known)
		canvas_say(c, row, 0, STYLE_PLAIN,
			   "memory   %s of %s available, cached %s, to be written %s",
			   table_bytes(a, m->available_bytes), table_bytes(b, m->total_bytes),
			   table_bytes((char[CELL]){ 0 }, m->cached_bytes),
			   table_bytes(dirty, m->dirty_bytes));
	else
		canvas_put(c, row, 0, STYLE_DIM, "memory   /proc/meminfo cannot be read");
}

static void line_cache(struct canvas *c, int row, const struct snapshot *s)
{
	const uint64_t *n = s->cache;
	char reads[CELL], misses[CELL], dirtied[CELL];

	if (s->cache_measured)
		canvas_say(c, row, 0, STYLE_PLAIN,
			   "cache    reads %s/s, missed %s/s, pages dirtied %s/s",
			   table_count(reads, (double)n[CACHE_READS] / snapshot_seconds(s)),
			   table_count(misses, (double)n[CACHE_MISSES] / snapshot_seconds(s)),
			   table_count(dirtied, (double)n[CACHE_DIRTIED] / snapshot_seconds(s)));
	else
		canvas_put(c, row, 0, STYLE_DIM,
			   "cache    is not measured: `fairlead doctor` says why");
}

static double sum_of(const struct snapshot *s, enum listing_kind kind, const char *column)
{
	double sum = 0;
	int at;

	if (!listing_find(listings[kind], column, &at) || at < 0)
		return 0;
	for (size_t i = 0; i < listings[kind]->rows(s); i++)
		sum += listings[kind]->columns[at].value(s, i);
	return sum;
}

static void line_disks(struct canvas *c, int row, const struct snapshot *s)
{
	char reads[CELL], read[CELL], writes[CELL], written[CELL];

	if (!s->disks_measured) {
		canvas_say(c, row, 0, STYLE_DIM, "disks    %s",
			   listings[LISTING_DISKS]->missing(s));
		return;
	}
	canvas_say(c, row, 0, STYLE_PLAIN, "disks    read %s/s (%s/s), written %s/s (%s/s)",
		   table_bytes(read, (uint64_t)sum_of(s, LISTING_DISKS, "read")),
		   table_count(reads, sum_of(s, LISTING_DISKS, "reads")),
		   table_bytes(written, (uint64_t)sum_of(s, LISTING_DISKS, "written")),
		   table_count(writes, sum_of(s, LISTING_DISKS, "writes")));
}

static void line_network(struct canvas *c, int row, const struct snapshot *s)
{
	char in[CELL], out[CELL], dropped[CELL];

	canvas_say(c, row, 0, STYLE_PLAIN, "network  received %s/s, sent %s/s, dropped %s/s",
		   table_bytes(in, (uint64_t)sum_of(s, LISTING_INTERFACES, "received")),
		   table_bytes(out, (uint64_t)sum_of(s, LISTING_INTERFACES, "sent")),
		   table_count(dropped, sum_of(s, LISTING_INTERFACES, "dropped")));
}

/* A new line of the overview is a function above and a row here. */
static void (*const overview[])(struct canvas *c, int row, const struct snapshot *s) = {
	line_waits, line_pressure, line_memory, line_cache, line_disks, line_network,
};

/* Returns the first row behind it; the list keeps a row at least. */
static int draw_overview(struct canvas *c, int row, const struct snapshot *s)
{
	int lines = (int)(sizeof(overview) / sizeof(overview[0]));

	if (lines > c->rows - 5)
		lines = c->rows > 5 ? c->rows - 5 : 0;
	for (int i = 0; i < lines; i++)
		overview[i](c, row++, s);
	return row;
}

/* --- the list --- */

struct layout {
	const struct listing *of;
	size_t columns[COLUMNS_MAX], count;
	unsigned int name_width;
};

static void draw_heading(struct canvas *c, int row, const struct layout *l,
			 const struct model_list *list)
{
	enum style style = list->sorted_by < 0 ? STYLE_BRIGHT : STYLE_HEAD;
	int column = (int)l->name_width;

	canvas_fill(c, row, 0, STYLE_HEAD);
	canvas_say(c, row, 0, style, "%.*s", (int)l->name_width, l->of->heading);
	for (size_t i = 0; i < l->count; i++) {
		const struct column *of = &l->of->columns[l->columns[i]];

		style = list->sorted_by == (int)l->columns[i] ? STYLE_BRIGHT : STYLE_HEAD;
		column = canvas_say(c, row, column, style, " %*s", (int)of->width, of->head);
	}
}

static void draw_row(struct canvas *c, int at, const struct layout *l, const struct snapshot *s,
		     size_t row, bool selected)
{
	enum style style = selected ? STYLE_SELECTED : STYLE_PLAIN;
	char name[LISTING_NAME_MAX], shown[LISTING_NAME_MAX + 512], cell[CELL];
	int column = (int)l->name_width;

	canvas_fill(c, at, 0, style);
	listing_label(l->of, s, row, l->name_width, name);
	canvas_put(c, at, 0, style, table_tail(shown, sizeof(shown), name, l->name_width));
	for (size_t i = 0; i < l->count; i++) {
		const struct column *of = &l->of->columns[l->columns[i]];

		column = canvas_say(c, at, column, style, " %*s", (int)of->width,
				    column_format(of, of->value(s, row), cell));
	}
}

static const char *why_empty(const struct model *m, const struct listing *of)
{
	const char *missing = of->missing ? of->missing(m->snapshot) : NULL;

	if (missing)
		return missing;
	return model_list(m)->filter[0] ? "nothing has such a name: Esc clears the filter"
					: "there is none";
}

static void draw_list(struct canvas *c, int row, struct model *m)
{
	const struct model_list *list = model_list(m);
	struct layout l = { .of = listings[model_listing(m)] };
	int end = c->rows - 1;

	l.count = listing_fit(l.of, (unsigned int)c->columns, list->sorted_by, l.columns,
			      &l.name_width);
	draw_heading(c, row++, &l, list);
	model_scroll(m, end > row ? (size_t)(end - row) : 1);
	for (size_t i = list->scrolled; i < list->count && row < end; i++)
		draw_row(c, row++, &l, m->snapshot, list->order[i], i == list->selected);
	if (!list->count && row < end)
		canvas_put(c, row, 0, STYLE_DIM, why_empty(m, l.of));
}

/* --- help --- */

static const struct help_line {
	const char *head, *help;
} keys[] = {
	{ "arrows j k", "select, or go through this; PgUp PgDn by the page" },
	{ "g G", "the first, the last" },
	{ "s > <", "sort by the next column, the one before" },
	{ "r", "turn the order round" },
	{ "/", "filter by pod, container, unit, name" },
	{ "Esc", "clear the filter, close" },
	{ "d Enter", "distributions of the selected row" },
	{ "Space", "pause" },
	{ "+ -", "look longer, shorter each time" },
	{ "1 to 6", "overview, cgroups, cpus, disks, network, waiters" },
	{ "Tab", "the next of them" },
	{ "q", "quit" },
	{ "", "" },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* The keys, and then what the columns are. */
static struct help_line help_at(const struct listing *of, size_t i)
{
	return i < KEYS ? keys[i]
			: (struct help_line){ of->columns[i - KEYS].head,
					      of->columns[i - KEYS].help };
}

static void draw_help_lines(struct canvas *c, int row, int column, const struct listing *of,
			    size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const struct help_line line = help_at(of, i);

		canvas_put(c, row, column, STYLE_BRIGHT, line.head);
		canvas_put(c, row++, column + 12, STYLE_PLAIN, line.help);
	}
}

/* Side by side where there is room, else as much as there is room for. */
static void draw_help(struct canvas *c, int row, struct model *m)
{
	const struct listing *of = listings[model_listing(m)];
	size_t count = KEYS + of->column_count, fit = (size_t)(c->rows - 2 - row);

	if (c->columns >= 120) {
		draw_help_lines(c, row, 0, of, 0, KEYS);
		draw_help_lines(c, row, 64, of, KEYS, count);
		return;
	}
	if (m->over_first + fit > count)
		m->over_first = count > fit ? count - fit : 0;
	if (m->over_first + fit < count) {
		count = m->over_first + fit;
		canvas_put(c, c->rows - 2, 0, STYLE_DIM, "more: j or PgDn");
	}
	draw_help_lines(c, row, 0, of, m->over_first, count);
}

/* --- status --- */

static int add(struct canvas *c, int column, enum style style, const char *text)
{
	int between = column ? 3 : 0;

	if (column && column + between + (int)printable_columns(text) > c->columns)
		return column; /* whole pieces only */
	if (column)
		column = canvas_put(c, c->rows - 1, column, style, " | ");
	return canvas_put(c, c->rows - 1, column, style, text);
}

static void say_sort(const struct model *m, char *ret, size_t size)
{
	const struct model_list *l = model_list(m);
	const struct listing *of = listings[model_listing(m)];

	if (l->sorted_by < 0)
		snprintf(ret, size, "by name%s", l->reversed ? ", last first" : "");
	else
		snprintf(ret, size, "by %s%s", of->columns[l->sorted_by].name,
			 l->reversed ? ", smallest first" : "");
}

static void draw_status(struct canvas *c, const struct model *m, uint64_t now_ns)
{
	const struct model_list *l = model_list(m);
	enum style style = m->trouble[0] ? STYLE_BAD : m->paused ? STYLE_WARN : STYLE_STATUS;
	char text[FILTER_MAX + 64], age[CELL];
	int column = 0;

	canvas_fill(c, c->rows - 1, 0, style);
	if (m->typing) {
		size_t room = c->columns > 10 ? (size_t)c->columns - 10 : 1;

		column = canvas_put(c, c->rows - 1, 0, style, "filter: ");
		column = canvas_put(c, c->rows - 1, column, style, printable_end(l->filter, room));
		canvas_put(c, c->rows - 1, column, style, "_");
		return;
	}
	table_time(age, m->snapshot && now_ns > m->taken_ns ? now_ns - m->taken_ns : 0);
	if (m->trouble[0]) {
		snprintf(text, sizeof(text), m->snapshot ? "%s; this is %s old" : "%s", m->trouble,
			 age);
		column = add(c, column, style, text);
	}
	if (m->paused) {
		snprintf(text, sizeof(text), "PAUSED, %s old", age);
		column = add(c, column, style, text);
	}
	if (l->filter[0]) {
		snprintf(text, sizeof(text), "%zu with '%s'", l->count, l->filter);
		column = add(c, column, style, text);
	}
	say_sort(m, text, sizeof(text));
	column = add(c, column, style, text);
	snprintf(text, sizeof(text), "%s, every %s", m->by_agent ? "agent" : "own probes",
		 table_time(age, m->interval_ns));
	column = add(c, column, style, text);
	add(c, column, style, "? help  q quit");
}

void draw(struct canvas *c, struct model *m, uint64_t now_ns)
{
	int row = 1;

	if (c->rows < LEAST_ROWS || c->columns < LEAST_COLUMNS) {
		canvas_put(c, 0, 0, STYLE_PLAIN, "too small");
		return;
	}
	draw_title(c, m);
	if (m->over == OVER_HELP)
		draw_help(c, row + 1, m);
	else if (!m->snapshot)
		canvas_put(c, row, 0, STYLE_DIM, "looking ...");
	else if (m->over == OVER_SPREAD)
		draw_spread(c, row, m);
	else
		draw_list(c, m->view == VIEW_OVERVIEW ? draw_overview(c, row, m->snapshot) : row,
			  m);
	draw_status(c, m, now_ns);
}
