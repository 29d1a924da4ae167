/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/top/canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/printable.h"

int canvas_new(struct canvas **ret, int rows, int columns)
{
	struct canvas *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->rows = rows < 1 ? 1 : rows;
	c->columns = columns < 1 ? 1 : columns;
	c->cells = calloc((size_t)c->rows * (size_t)c->columns, sizeof(*c->cells));
	if (!c->cells) {
		free(c);
		return -ENOMEM;
	}
	for (int row = 0; row < c->rows; row++)
		canvas_fill(c, row, 0, STYLE_PLAIN);
	*ret = c;
	return 0;
}

struct canvas *canvas_free(struct canvas *c)
{
	if (c)
		free(c->cells);
	free(c);
	return NULL;
}

void canvas_freep(struct canvas **c)
{
	*c = canvas_free(*c);
}

static void set(struct canvas *c, int row, int column, uint32_t what, enum style style)
{
	if (row >= 0 && row < c->rows && column >= 0 && column < c->columns)
		c->cells[(size_t)row * (size_t)c->columns + (size_t)column] =
			(struct cell){ .c = what, .style = (uint8_t)style };
}

int canvas_put(struct canvas *c, int row, int column, enum style style, const char *text)
{
	while (*text) {
		unsigned int columns;
		uint32_t what;

		text += printable_next(text, &what, &columns);
		if (columns == 2 && column + 1 == c->columns) /* half of it is none */
			what = ' ';
		set(c, row, column, what, style);
		if (columns == 2)
			set(c, row, column + 1, 0, style);
		column += (int)columns;
	}
	return column;
}

int canvas_say(struct canvas *c, int row, int column, enum style style, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return canvas_put(c, row, column, style, text);
}

void canvas_fill(struct canvas *c, int row, int column, enum style style)
{
	canvas_bar(c, row, column, c->columns - column, ' ', style);
}

void canvas_bar(struct canvas *c, int row, int column, int n, char what, enum style style)
{
	for (int i = 0; i < n && column + i < c->columns; i++)
		set(c, row, column + i, (unsigned char)what, style);
}
