/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model: what `fairlead top` shows: which rows of which list, in which order, which of them is
 * selected, and what a key does to that.  Pure: keys and snapshots come in, nothing goes out;
 * draw.h turns it into cells.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/cli/columns.h"

struct snapshot;

enum model_view {
	VIEW_OVERVIEW,
	VIEW_CGROUPS,
	VIEW_CPUS,
	VIEW_DISKS,
	VIEW_NETWORK,
	VIEW_WAITERS,
	_VIEW_MAX
};
extern const char *const model_view_names[]; /* NULL-terminated */

enum model_over { OVER_NOTHING, OVER_HELP, OVER_SPREAD }; /* in place of the rows */

/* Keys that are no character of their own; the others are their Unicode character. */
enum { KEY_ESCAPE = 27, KEY_RETURN = '\n', KEY_ERASE = 127 };
enum model_key {
	KEY_OTHER_THAN_TEXT = 0x110000,
	KEY_GO_UP,
	KEY_GO_DOWN,
	KEY_GO_LEFT,
	KEY_GO_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_GO_FIRST,
	KEY_GO_LAST,
};

enum model_effect { EFFECT_NONE, EFFECT_DRAW, EFFECT_PAUSE, EFFECT_INTERVAL, EFFECT_QUIT };

enum { FILTER_MAX = 128 };

struct model_list {    /* what is remembered of a list while another one is shown */
	int sorted_by; /* a column, or -1 for the name */
	bool reversed; /* smallest first; of names, last first */
	char filter[FILTER_MAX];
	size_t *order; /* rows of the snapshot that are shown, in order; owned */
	size_t count, selected, scrolled;
	bool held; /* a row was chosen: the selection stays with it, else it is the first */
	uint64_t identity;
};

struct model {
	struct snapshot *snapshot; /* NULL before the first; owned */
	uint64_t taken_ns;         /* when it came */
	struct model_list lists[_LISTING_MAX];
	enum model_view view;
	enum model_over over;
	size_t over_first; /* what lies over the rows begins with this distribution, or line */
	bool typing;       /* the filter */
	char untyped[FILTER_MAX];
	bool paused;
	uint64_t interval_ns;
	bool by_agent;
	char trouble[160]; /* why there is nothing new, or "" */
	size_t page;       /* rows that fit, as the last drawing found */
};

void model_init(struct model *m, uint64_t interval_ns);
void model_done(struct model *m);

enum listing_kind model_listing(const struct model *m);
const struct model_list *model_list(const struct model *m);

/* Takes the snapshot over; a paused model frees it. */
void model_feed(struct model *m, struct snapshot *s, uint64_t now_ns);
void model_trouble(struct model *m, const char *why); /* "" when it is over */

enum model_effect model_press(struct model *m, uint32_t key);

/* For flags: as if it had been typed. */
void model_filter(struct model *m, enum listing_kind kind, const char *text);
void model_sort(struct model *m, enum listing_kind kind, int column);

/* The window of rows that is shown, so many at a time: scrolls to the selection. */
void model_scroll(struct model *m, size_t page);

/* The row of the snapshot that is selected; false: there is none. */
bool model_selected(const struct model *m, size_t *row);
