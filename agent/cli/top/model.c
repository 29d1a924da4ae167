/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/top/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/base/utf8.h"
#include "agent/snapshot/snapshot.h"

const char *const model_view_names[] = { "overview", "cgroups", "cpus", "disks",
					 "network",  "waiters", NULL };
_Static_assert(sizeof(model_view_names) / sizeof(char *) == _VIEW_MAX + 1, "a name a view");

static const enum listing_kind view_lists[_VIEW_MAX] = {
	[VIEW_OVERVIEW] = LISTING_CGROUPS,   [VIEW_CGROUPS] = LISTING_CGROUPS,
	[VIEW_CPUS] = LISTING_CPUS,          [VIEW_DISKS] = LISTING_DISKS,
	[VIEW_NETWORK] = LISTING_INTERFACES, [VIEW_WAITERS] = LISTING_WAITERS,
};

void model_init(struct model *m, uint64_t interval_ns)
{
	*m = (struct model){ .interval_ns = interval_ns, .page = 1 };
	for (int kind = 0; kind < _LISTING_MAX; kind++)
		m->lists[kind].sorted_by = listings[kind]->sorted_by;
}

void model_done(struct model *m)
{
	for (int kind = 0; kind < _LISTING_MAX; kind++)
		free(m->lists[kind].order);
	snapshot_free(m->snapshot);
	*m = (struct model){ 0 };
}

enum listing_kind model_listing(const struct model *m)
{
	return view_lists[m->view];
}

const struct model_list *model_list(const struct model *m)
{
	return &m->lists[model_listing(m)];
}

/* --- order --- */

struct key { /* of one row, worked out once a sort */
	size_t row;
	bool rest; /* stands last, whatever the order */
	double value;
	char name[64]; /* the beginning is enough to sort by; rows break the tie */
};

static int by_row(const struct key *x, const struct key *y)
{
	return (x->row > y->row) - (x->row < y->row);
}

static int by_value(const void *a, const void *b) /* largest first, what is not known last */
{
	const struct key *x = a, *y = b;

	if (x->rest != y->rest)
		return x->rest ? 1 : -1;
	if (isnan(x->value) || isnan(y->value))
		return isnan(x->value) && isnan(y->value) ? by_row(x, y) : isnan(x->value) ? 1 : -1;
	return x->value < y->value ? 1 : x->value > y->value ? -1 : by_row(x, y);
}

static int by_name(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int r = strverscmp(x->name, y->name); /* cpu10 behind cpu9 */

	if (x->rest != y->rest)
		return x->rest ? 1 : -1;
	return r ? r : by_row(x, y);
}

static size_t collect(const struct listing *of, const struct model_list *l,
		      const struct snapshot *s, struct key *keys)
{
	size_t rows = of->rows(s), n = 0;
	char name[LISTING_NAME_MAX];

	for (size_t row = 0; row < rows; row++) {
		if (l->filter[0] && !of->matches(s, row, l->filter))
			continue;
		keys[n] = (struct key){ .row = row, .rest = of->is_rest && of->is_rest(s, row) };
		if (l->sorted_by >= 0)
			keys[n].value = of->columns[l->sorted_by].value(s, row);
		else
			snprintf(keys[n].name, sizeof(keys[n].name), "%.63s",
				 of->name(s, row, name));
		n++;
	}
	return n;
}

static void select_again(const struct listing *of, struct model_list *l, const struct snapshot *s)
{
	if (!l->held) {
		l->selected = 0;
		return;
	}
	for (size_t i = 0; i < l->count; i++)
		if (of->identity(s, l->order[i]) == l->identity) {
			l->selected = i;
			return;
		}
	if (l->selected >= l->count) /* it is gone: what took its place is as near as can be */
		l->selected = l->count ? l->count - 1 : 0;
}

static void arrange(struct model *m, enum listing_kind kind)
{
	const struct listing *of = listings[kind];
	struct model_list *l = &m->lists[kind];
	size_t rows = m->snapshot ? of->rows(m->snapshot) : 0;
	struct key *keys = calloc(rows + 1, sizeof(*keys));
	size_t *order = calloc(rows + 1, sizeof(*order));
	size_t turned = 0;

	if (!keys || !order) { /* the old order may name rows that are gone */
		free(keys);
		free(order);
		l->count = 0;
		return;
	}
	free(l->order);
	l->order = order;
	l->count = m->snapshot ? collect(of, l, m->snapshot, keys) : 0;
	qsort(keys, l->count, sizeof(*keys), l->sorted_by >= 0 ? by_value : by_name);
	while (l->reversed && turned < l->count && !keys[turned].rest)
		turned++;
	for (size_t i = 0; i < l->count; i++)
		order[i < turned ? turned - 1 - i : i] = keys[i].row;
	free(keys);
	if (m->snapshot)
		select_again(of, l, m->snapshot);
}

void model_feed(struct model *m, struct snapshot *s, uint64_t now_ns)
{
	if (m->paused) {
		snapshot_free(s);
		return;
	}
	snapshot_free(m->snapshot);
	m->snapshot = s;
	m->taken_ns = now_ns;
	m->trouble[0] = '\0';
	for (int kind = 0; kind < _LISTING_MAX; kind++)
		arrange(m, (enum listing_kind)kind);
}

void model_trouble(struct model *m, const char *why)
{
	snprintf(m->trouble, sizeof(m->trouble), "%s", why);
}

bool model_selected(const struct model *m, size_t *row)
{
	const struct model_list *l = model_list(m);

	if (l->selected >= l->count)
		return false;
	*row = l->order[l->selected];
	return true;
}

void model_scroll(struct model *m, size_t page)
{
	struct model_list *l = &m->lists[model_listing(m)];

	m->page = page ? page : 1;
	if (l->scrolled + m->page > l->count)
		l->scrolled = l->count > m->page ? l->count - m->page : 0;
	if (l->selected < l->scrolled)
		l->scrolled = l->selected;
	if (l->selected >= l->scrolled + m->page)
		l->scrolled = l->selected - m->page + 1;
}

/* --- keys --- */

static struct model_list *list_of(struct model *m)
{
	return &m->lists[model_listing(m)];
}

static void hold(struct model *m, bool held)
{
	struct model_list *l = list_of(m);

	l->held = held && l->selected < l->count;
	if (l->held)
		l->identity =
			listings[model_listing(m)]->identity(m->snapshot, l->order[l->selected]);
}

#define FAR 1000000L /* rows: beyond the first or last */

/* By a number of rows up or down; the first row is not held, so that it stays the first. */
static enum model_effect go(struct model *m, long by)
{
	struct model_list *l = list_of(m);
	long at = (long)l->selected + by, first = (long)m->over_first + by;

	if (m->over == OVER_HELP) { /* how far is known when it is drawn */
		m->over_first = first < 0 ? 0 : (size_t)first;
		return EFFECT_DRAW;
	}
	if (!l->count)
		return EFFECT_NONE;
	at = at < 0 ? 0 : at >= (long)l->count ? (long)l->count - 1 : at;
	l->selected = (size_t)at;
	hold(m, at > 0);
	return EFFECT_DRAW;
}

void model_sort(struct model *m, enum listing_kind kind, int column)
{
	m->lists[kind].sorted_by = column;
	m->lists[kind].reversed = false;
	arrange(m, kind);
}

static enum model_effect sort_by_next(struct model *m, int step)
{
	enum listing_kind kind = model_listing(m);
	int n = (int)listings[kind]->column_count + 1;

	model_sort(m, kind, (m->lists[kind].sorted_by + 1 + step + n) % n - 1);
	return EFFECT_DRAW;
}

static enum model_effect reverse(struct model *m)
{
	list_of(m)->reversed = !list_of(m)->reversed;
	arrange(m, model_listing(m));
	return EFFECT_DRAW;
}

void model_filter(struct model *m, enum listing_kind kind, const char *text)
{
	snprintf(m->lists[kind].filter, FILTER_MAX, "%s", text);
	arrange(m, kind);
}

static enum model_effect show(struct model *m, enum model_view view)
{
	m->view = view;
	m->over = m->over == OVER_HELP ? OVER_NOTHING : m->over;
	m->over_first = 0;
	return EFFECT_DRAW;
}

static enum model_effect toggle(struct model *m, enum model_over over)
{
	m->over = m->over == over ? OVER_NOTHING : over;
	m->over_first = 0;
	hold(m, m->over == OVER_SPREAD || list_of(m)->selected); /* what is looked into stays */
	return EFFECT_DRAW;
}

/* One step is what a person notices; 100 ms is what the agent's beat allows. */
static enum model_effect change_interval(struct model *m, bool longer)
{
	static const uint64_t steps_ms[] = { 100, 250, 500, 1000, 2000, 5000, 10000, 30000, 60000 };
	enum { STEPS = sizeof(steps_ms) / sizeof(steps_ms[0]) };
	uint64_t was = m->interval_ns;

	for (int i = 0; i < STEPS; i++) {
		uint64_t ns = steps_ms[longer ? i : STEPS - 1 - i] * NS_PER_MSEC;

		if (longer ? ns > was : ns < was) {
			m->interval_ns = ns;
			break;
		}
	}
	return m->interval_ns == was ? EFFECT_NONE : EFFECT_INTERVAL;
}

static enum model_effect escape(struct model *m)
{
	if (m->over != OVER_NOTHING)
		return toggle(m, m->over);
	if (!list_of(m)->filter[0])
		return EFFECT_NONE;
	model_filter(m, model_listing(m), "");
	return EFFECT_DRAW;
}

static enum model_effect sideways(struct model *m, int step)
{
	if (m->over == OVER_SPREAD) { /* how far is known when it is drawn */
		if (step > 0 || m->over_first)
			m->over_first += (size_t)step;
		return EFFECT_DRAW;
	}
	return sort_by_next(m, step);
}

static size_t put_character(char ret[4], uint32_t c)
{
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		ret[0] = (char)(0xc0 | c >> 6);
		ret[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		ret[0] = (char)(0xe0 | c >> 12);
		ret[1] = (char)(0x80 | (c >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | c >> 18);
	ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void erase_last(char *text)
{
	size_t n = strlen(text);

	while (n && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
		n--;
	text[n ? n - 1 : 0] = '\0';
}

static enum model_effect type(struct model *m, uint32_t key)
{
	struct model_list *l = list_of(m);
	size_t used = strlen(l->filter);

	if (key == KEY_RETURN || key == '\r') {
		m->typing = false;
	} else if (key == KEY_ESCAPE) {
		m->typing = false;
		snprintf(l->filter, sizeof(l->filter), "%s", m->untyped);
	} else if (key == KEY_ERASE || key == '\b') {
		erase_last(l->filter);
	} else if (key == ('u' & 0x1f)) { /* ^U, as on a command line */
		l->filter[0] = '\0';
	} else if (key >= ' ' && key < KEY_OTHER_THAN_TEXT) {
		if (used + 5 > sizeof(l->filter))
			return EFFECT_NONE;
		l->filter[used + put_character(l->filter + used, key)] = '\0';
	} else {
		return EFFECT_NONE;
	}
	arrange(m, model_listing(m));
	return EFFECT_DRAW;
}

static enum model_effect begin_typing(struct model *m)
{
	m->typing = true;
	m->over = OVER_NOTHING;
	memcpy(m->untyped, list_of(m)->filter, sizeof(m->untyped));
	return EFFECT_DRAW;
}

static enum model_effect move(struct model *m, uint32_t key)
{
	switch (key) {
	case KEY_GO_UP:
	case 'k':
		return go(m, -1);
	case KEY_GO_DOWN:
	case 'j':
		return go(m, 1);
	case KEY_PAGE_UP:
		return go(m, -(long)m->page);
	case KEY_PAGE_DOWN:
		return go(m, (long)m->page);
	case KEY_GO_FIRST:
	case 'g':
		return go(m, -FAR);
	case KEY_GO_LAST:
	case 'G':
		return go(m, FAR);
	case KEY_GO_LEFT:
		return sideways(m, -1);
	case KEY_GO_RIGHT:
		return sideways(m, 1);
	default:
		return EFFECT_NONE;
	}
}

enum model_effect model_press(struct model *m, uint32_t key)
{
	if (m->typing)
		return type(m, key);
	if (key >= '1' && key < '1' + _VIEW_MAX)
		return show(m, (enum model_view)(key - '1'));
	switch (key) {
	case 'q':
		return EFFECT_QUIT;
	case KEY_ESCAPE:
		return escape(m);
	case '?':
	case 'h':
		return toggle(m, OVER_HELP);
	case 'd':
	case KEY_RETURN:
	case '\r':
		return toggle(m, OVER_SPREAD);
	case '\t':
		return show(m, (enum model_view)((m->view + 1) % _VIEW_MAX));
	case 's':
	case '>':
		return sort_by_next(m, 1);
	case '<':
		return sort_by_next(m, -1);
	case 'r':
		return reverse(m);
	case '/':
		return begin_typing(m);
	case ' ':
		m->paused = !m->paused;
		return EFFECT_PAUSE;
	case '+':
		return change_interval(m, true);
	case '-':
		return change_interval(m, false);
	default:
		return move(m, key);
	}
}
