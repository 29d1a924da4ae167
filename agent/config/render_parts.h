/* SPDX-License-Identifier: Apache-2.0 */
/* render_parts: what the renderers share; nobody else needs it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct command;
struct option_row;
struct option_table;

#define PARTS_TAGLINE "node agent that measures, steers and runs by live kernel signals"

enum { PARTS_TEXT_MAX = 256 };

enum parts_group { PARTS_OWN, PARTS_CONFIG, PARTS_COMMON, _PARTS_GROUP_MAX };

/* The flags of a command (NULL: those of all), group by group; an empty table for none. */
const struct option_table *parts_table(const struct command *c, enum parts_group group);
/* Whether row `i` of that table is a flag and not hidden by an earlier group. */
bool parts_shown(const struct command *c, enum parts_group group, size_t i);
bool parts_any_shown(const struct command *c, enum parts_group group);
const char *parts_heading(enum parts_group group);

/* "DURATION", "table|json"; empty for a flag that stands alone. */
void parts_argument(const struct option_row *row, char *ret, size_t n);
/* "--log-level", "--[no-]color". */
void parts_long(const struct option_row *row, char *ret, size_t n);
/* What may be given: "100ms to 1m", "error, warn, info, debug", "true, false", "text". */
void parts_values(const struct option_row *row, char *ret, size_t n);
/* " Default 1s; 100ms to 1m.", to go behind the help; or empty. */
void parts_notes(const struct option_row *row, char *ret, size_t n);
/* The help's first sentence without its full stop. */
void parts_brief(const struct option_row *row, char *ret, size_t n);

/*
 * Breaks text at blanks so that no line passes column 79; paragraphs stay parted.  `column`
 * is how far the line is written already: the text goes beside that if there is room.
 */
void parts_wrap(const char *text, int column, int indent, FILE *out);
/* One line of an example: the command, and behind its "  #" what it does ("" if nothing). */
const char *parts_example(const char *lines, char *command, char *does, size_t n);
