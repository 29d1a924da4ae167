/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns: the lists of a snapshot as tables, for every view that shows them, a file a list.  A new
 * column is a row in columns_LIST.c: `snapshot` and `top` show it where there is room, sort by it and
 * explain it.  Pure: values in, text out.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct hist;
struct snapshot;

enum column_unit { COLUMN_COUNT, COLUMN_BYTES, COLUMN_TIME /* ns */ };

struct column {
	const char *name; /* what it is asked for by: --sort waited */
	const char *head;
	unsigned int width;
	unsigned int rank; /* those of a lower one stay longest where it gets narrow */
	enum column_unit unit;
	double (*value)(const struct snapshot *s, size_t row); /* NAN: not known */
	const char *help;                                      /* a few words */
};

enum listing_kind {
	LISTING_CGROUPS,
	LISTING_CPUS,
	LISTING_DISKS,
	LISTING_INTERFACES,
	LISTING_WAITERS,
	_LISTING_MAX
};

enum { COLUMNS_MAX = 24, LISTING_NAME_MAX = 512, SPREAD_TITLE = 40 };

/* The row that is all of them together, where a list has such: the node's of the CPUs. */
#define ROW_ALL SIZE_MAX

struct listing {
	const char *heading;   /* over the names */
	unsigned int name_min; /* columns that the names keep whatever else is shown */
	bool long_names;       /* they get a third of the width at least */
	const struct column *columns;
	size_t column_count;
	int sorted_by; /* at first: a column, or -1 for the name */
	size_t (*rows)(const struct snapshot *s);
	const char *(*name)(const struct snapshot *s, size_t row, char ret[LISTING_NAME_MAX]);
	/* The name for so few columns, where another one than its end is better; NULL: none is. */
	const char *(*label)(const struct snapshot *s, size_t row, size_t width,
			     char ret[LISTING_NAME_MAX]);
	uint64_t (*identity)(const struct snapshot *s, size_t row); /* the same in the next one */
	bool (*is_quiet)(const struct snapshot *s, size_t row);     /* nothing to tell */
	bool (*is_rest)(const struct snapshot *s, size_t row); /* all others in one: stands last */
	/* Is the text part of any of its names?  Case does not matter. */
	bool (*matches)(const struct snapshot *s, size_t row, const char *text);
	/* Its distributions, one after the other: false behind the last. */
	bool (*spread)(const struct snapshot *s, size_t row, size_t at, struct hist *ret,
		       char title[SPREAD_TITLE]);
	const char *(*missing)(const struct snapshot *s); /* why it is empty, or NULL */
};

extern const struct listing *const listings[_LISTING_MAX];

/* What a row is called in so many columns; it may be longer still, and is cut in front then. */
const char *listing_label(const struct listing *l, const struct snapshot *s, size_t row,
			  size_t width, char ret[LISTING_NAME_MAX]);

/* By its name; -1 is "name", the names themselves.  False: there is no such column. */
bool listing_find(const struct listing *l, const char *name, int *ret);

/*
 * The columns that fit beside the names, in order; `kept` (or -1) is shown in any case.  Returns
 * how many; *name_width is what is left for the names.
 */
size_t listing_fit(const struct listing *l, unsigned int width, int kept, size_t ret[COLUMNS_MAX],
		   unsigned int *name_width);

/* Within the column's width: "3.4M", "12ms", "?". */
const char *column_format(const struct column *c, double value, char ret[16]);

double snapshot_seconds(const struct snapshot *s); /* of its window; never 0 */
