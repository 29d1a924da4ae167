/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/render_parts.h"

#include <inttypes.h>
#include <string.h>

#include "agent/config/command.h"
#include "agent/config/quantity.h"

enum { WIDTH = 79 };

const struct option_table *parts_table(const struct command *c, enum parts_group group)
{
	static const struct option_table none;

	if (group == PARTS_COMMON)
		return command_common_options();
	if (group == PARTS_CONFIG && c && c->configured)
		return config_options();
	return group == PARTS_OWN && c && c->options ? c->options : &none;
}

bool parts_shown(const struct command *c, enum parts_group group, size_t i)
{
	const struct option_row *row = &parts_table(c, group)->rows[i];

	if (!(row->where & OPTION_AS_FLAG))
		return false;
	for (int g = 0; g < (int)group; g++)
		if (option_find(parts_table(c, g), row->name))
			return false;
	return true;
}

bool parts_any_shown(const struct command *c, enum parts_group group)
{
	for (size_t i = 0; i < parts_table(c, group)->count; i++)
		if (parts_shown(c, group, i))
			return true;
	return false;
}

const char *parts_heading(enum parts_group group)
{
	static const char *const headings[_PARTS_GROUP_MAX] = {
		[PARTS_OWN] = "Options",
		[PARTS_CONFIG] = "Settings, which win over those of the file",
		[PARTS_COMMON] = "Options of every command",
	};

	return headings[group];
}

static void join(const char *const *values, const char *between, char *ret, size_t n)
{
	size_t used = 0;

	*ret = '\0';
	for (int i = 0; values[i] && used < n; i++)
		used += snprintf(ret + used, n - used, "%s%s", i ? between : "", values[i]);
}

void parts_argument(const struct option_row *row, char *ret, size_t n)
{
	static const char *const names[_OPTION_TYPE_MAX] = {
		[OPTION_BOOL] = "",        [OPTION_COUNT] = "",
		[OPTION_INT] = "NUMBER",   [OPTION_DURATION] = "DURATION",
		[OPTION_SIZE] = "SIZE",    [OPTION_STRING] = "TEXT",
		[OPTION_PARTS] = "NUMBER", [OPTION_LIST] = "TEXT",
	};

	if (row->argument)
		snprintf(ret, n, "%s", row->argument);
	else if (row->type == OPTION_ENUM)
		join(row->values, "|", ret, n);
	else
		snprintf(ret, n, "%s", names[row->type]);
}

void parts_long(const struct option_row *row, char *ret, size_t n)
{
	bool on = row->type == OPTION_BOOL && strcmp(row->fallback, "true") == 0;
	char flag[OPTION_NAME_MAX];

	snprintf(ret, n, "--%s%s", on ? "[no-]" : "", option_flag(row, flag));
}

static void format_bound(const struct option_row *row, int64_t value, char *ret, size_t n)
{
	if (row->type == OPTION_DURATION)
		quantity_format_duration(value, ret, n);
	else if (row->type == OPTION_SIZE)
		quantity_format_size(value, ret, n);
	else if (row->type == OPTION_PARTS)
		quantity_format_parts(value, ret, n);
	else
		snprintf(ret, n, "%" PRId64, value);
}

static void format_bounds(const struct option_row *row, char *ret, size_t n)
{
	char min[32], max[32];

	format_bound(row, row->min, min, sizeof(min));
	format_bound(row, row->max, max, sizeof(max));
	if (row->max)
		snprintf(ret, n, "%s to %s", min, max);
	else
		snprintf(ret, n, "%s or more", min);
}

void parts_values(const struct option_row *row, char *ret, size_t n)
{
	switch (row->type) {
	case OPTION_BOOL:
		snprintf(ret, n, "true, false");
		break;
	case OPTION_ENUM:
		join(row->values, ", ", ret, n);
		break;
	case OPTION_LIST:
		snprintf(ret, n, "any number of them");
		break;
	case OPTION_STRING:
		snprintf(ret, n, "up to %zu bytes", row->size - 1);
		break;
	default:
		format_bounds(row, ret, n);
	}
}

void parts_notes(const struct option_row *row, char *ret, size_t n)
{
	char bounds[80] = "";
	bool number = row->type == OPTION_INT || row->type == OPTION_DURATION ||
		      row->type == OPTION_SIZE || row->type == OPTION_PARTS;

	*ret = '\0';
	if (row->type == OPTION_LIST)
		snprintf(ret, n, " May be given again.");
	if (row->type == OPTION_LIST || row->type == OPTION_BOOL || row->type == OPTION_COUNT ||
	    !*row->fallback)
		return;
	if (number && (row->min || row->max))
		format_bounds(row, bounds, sizeof(bounds));
	snprintf(ret, n, " Default %s%s%s%s%s.", row->fallback, *bounds ? "; " : "", bounds,
		 row->environment ? ", or what the environment has as " : "",
		 row->environment ? row->environment : "");
}

void parts_brief(const struct option_row *row, char *ret, size_t n)
{
	const char *end = strstr(row->help, ". ");
	size_t length = end ? (size_t)(end - row->help) : strlen(row->help);

	if (!end && length && row->help[length - 1] == '.')
		length--;
	snprintf(ret, n, "%.*s", (int)length, row->help);
}

void parts_wrap(const char *text, int column, int indent, FILE *out)
{
	bool begun = false; /* a word stands in this line, so the next needs a blank before it */

	if (column && column + 2 > indent) {
		fputc('\n', out);
		column = 0;
	}
	while (*text) {
		int word = strcspn(text, " \n");

		if (begun && column + 1 + word > WIDTH) {
			fputc('\n', out);
			begun = false;
			column = 0;
		}
		column += fprintf(out, "%*s%.*s", begun ? 1 : indent - column, "", word, text);
		begun = true;
		text += word;
		if (text[0] == '\n' && text[1] == '\n') {
			fputs("\n\n", out);
			begun = false;
			column = 0;
		}
		text += strspn(text, " \n");
	}
	if (begun)
		fputc('\n', out);
}

const char *parts_example(const char *lines, char *command, char *does, size_t n)
{
	size_t length = strcspn(lines, "\n"), left = length;
	const char *mark = memmem(lines, length, "  #", 3);

	if (mark)
		left = mark - lines;
	snprintf(command, n, "%.*s", (int)left, lines);
	*does = '\0';
	if (mark) {
		mark += 3;
		mark += strspn(mark, " ");
		snprintf(does, n, "%.*s", (int)(lines + length - mark), mark);
	}
	for (size_t i = strlen(command); i && command[i - 1] == ' '; i--)
		command[i - 1] = '\0';
	return lines[length] ? lines + length + 1 : NULL;
}
