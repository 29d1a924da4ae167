/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option: one typed row says all there is to know of a setting: its name in the file, its
 * flag, type, bounds, default and help.  The file reader, the flag parser, --help, the man
 * pages, docs/config.md and the shell completion are all made from such rows.  This room
 * knows one value at a time: text in, text out; it reads no file and no argv.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_BOOL,     /* bool: true, false, yes, no, on, off, y, n; as word, Word or WORD */
	OPTION_COUNT,    /* int64_t: how often a flag was given (-vv) */
	OPTION_INT,      /* int64_t within min..max */
	OPTION_PARTS,    /* int64_t thousandths: 2, 0.5, 1.25 */
	OPTION_DURATION, /* uint64_t nanoseconds: 250ms, 1s, 5m, 1h; a bare number is an error */
	OPTION_SIZE,     /* uint64_t bytes: 512, 64K, 1M, 2G (powers of 1024) */
	OPTION_ENUM,     /* int: index into values */
	OPTION_STRING,   /* char[size]: one line of UTF-8, min bytes at least */
	OPTION_LIST,     /* struct option_list: a flag that may be given again, whatever its text */
	_OPTION_TYPE_MAX
};

enum { OPTION_IN_FILE = 1, OPTION_AS_FLAG = 2, OPTION_LIVE = 4 /* a reload may change it */ };

struct option_row {
	const char *name; /* "log.level": nested in the file, --log-level as a flag */
	char letter;      /* -o, or 0 */
	enum option_type type;
	unsigned int where;
	size_t offset, size; /* in the struct that is filled: OPTION_FIELD() */
	int64_t min, max;    /* max 0: no upper bound */
	const char *const *values;
	const char *fallback;    /* the default, written as a user would; never out of bounds */
	const char *environment; /* variable that stands in for the default, or NULL */
	const char *argument;    /* FILE, PATH …: shown in help; NULL: made from the type */
	const char *help;        /* sentences; the first is all that shell completion shows */
};

/* Every text that was given, in order; borrowed from argv.  Empty until then: no fallback. */
struct option_list {
	const char **items;
	size_t count;
};

struct option_table {
	const struct option_row *rows;
	size_t count;
};

#define OPTION_FIELD(type, field)                                                                  \
	.offset = offsetof(type, field), .size = sizeof(((type *)0)->field)

/* Where a value came from; an array of these, one a row, lies beside the struct it tells of. */
struct option_origin {
	enum { ORIGIN_DEFAULT, ORIGIN_ENVIRONMENT, ORIGIN_FILE, ORIGIN_FLAG } from;
	unsigned int line, column; /* counted from 1; 0 unless ORIGIN_FILE */
};

enum {
	OPTION_TEXT_MAX = 512,  /* what option_format() may need, NUL included */
	OPTION_QUOTE_MAX = 160, /* what option_quote() may need */
	OPTION_NAME_MAX = 64,
};

/*
 * Sets the row's field of target.  -EINVAL with the field untouched and in err what the text
 * must be, to go on a message that says what it is: "must be between 100ms and 1m".  A NULL
 * target only checks.
 */
int option_set(const struct option_row *row, void *target, const char *text, char *err, size_t n);
void option_raise(const struct option_row *row, void *target); /* OPTION_COUNT: one more */

/* Gives back what the lists of target hold. */
void option_free(const struct option_table *table, void *target);

/* Writes every default; a row whose own default is wrong is a bug and -EINVAL. */
int option_defaults(const struct option_table *table, void *target);

/*
 * Takes over every variable that is set and not empty, and marks its origin (origins may be
 * NULL).  -EINVAL with a whole sentence in err: "FAIRLEAD_SOCKET cannot be …".
 */
int option_environment(const struct option_table *table, void *target,
		       struct option_origin *origins, char *err, size_t n);

/* The value as a user would write it: option_set() takes it back. */
void option_format(const struct option_row *row, const void *target, char *ret, size_t n);
bool option_equal(const struct option_row *row, const void *a, const void *b);

/* By its full name, or NULL. */
const struct option_row *option_find(const struct option_table *table, const char *name);

/* The row's name as a flag: --log-level is log.level, --state-dir is state_dir. */
const char *option_flag(const struct option_row *row, char ret[static OPTION_NAME_MAX]);

/* Text from outside, made fit for one line on a terminal: escaped and cut short. */
const char *option_quote(const char *text, char ret[static OPTION_QUOTE_MAX]);
