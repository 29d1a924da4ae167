/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canvas: a grid of characters with a style each.  What a view draws goes here first, so that
 * views are pure and no text gets to the terminal but through canvas_put(), which makes it
 * printable and clips it.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum style {
	STYLE_PLAIN,
	STYLE_BRIGHT,
	STYLE_DIM,
	STYLE_HEAD,
	STYLE_SELECTED,
	STYLE_STATUS,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	_STYLE_MAX
};

struct cell {
	uint32_t c; /* 0: the right half of the one before */
	uint8_t style;
};

struct canvas {
	int rows, columns;
	struct cell *cells; /* row by row; owned */
};

/* Blank, and at least one cell large.  -ENOMEM leaves *ret alone. */
int canvas_new(struct canvas **ret, int rows, int columns);
struct canvas *canvas_free(struct canvas *c);
void canvas_freep(struct canvas **c);

/* Writes what lies within the grid; returns the column behind it. */
int canvas_put(struct canvas *c, int row, int column, enum style style, const char *text);
int canvas_say(struct canvas *c, int row, int column, enum style style, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* The row from `column` on, blank in that style. */
void canvas_fill(struct canvas *c, int row, int column, enum style style);
/* n times the same ASCII character. */
void canvas_bar(struct canvas *c, int row, int column, int n, char what, enum style style);
