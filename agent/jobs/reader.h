/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: JSON (RFC 8259) as it is asked for, value by value, decoded where it lies.  Nothing is
 * built that nobody asked for, so a body of a million brackets costs no more than its bytes.
 * The first thing that is wrong stays: from then on everything fails.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum reader_kind {
	READER_NOTHING, /* the end, or no value at all: that is wrong, too */
	READER_OBJECT,
	READER_LIST,
	READER_TEXT,
	READER_NUMBER,
	READER_BOOL,
	READER_NULL
};

struct reader {
	char *begin, *at, *end;
	const char *wrong; /* NULL while all is well; else what was expected at `at` */
	bool fresh;        /* inside a list or object before its first value */
};

/* Writes into text, of which text[size] is ours as well. */
void reader_init(struct reader *r, char *text, size_t size);

enum reader_kind reader_next(struct reader *r); /* of the value that comes */

/*
 * Into an object or list (READER_OBJECT, READER_LIST), and whether there is one more in it; after
 * false it is behind it, or something is wrong.
 */
void reader_enter(struct reader *r, enum reader_kind kind);
bool reader_more(struct reader *r, enum reader_kind kind);

/* false when there is none.  A text is UTF-8, ends with a NUL and may have some inside. */
bool reader_key(struct reader *r, char **ret, size_t *size);
bool reader_text(struct reader *r, char **ret, size_t *size);
bool reader_number(struct reader *r, double *ret);
bool reader_bool(struct reader *r, bool *ret);

bool reader_end(struct reader *r); /* nothing follows */
