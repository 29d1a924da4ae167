/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force, as a file that config_read() takes back. */
#include <ctype.h>
#include <string.h>

#include "agent/config/config.h"

enum { COMMENT_COLUMN = 40, INDENT = 2 };

/* Bytes that two names have in common up to and with a dot: the groups already open. */
static size_t shared_groups(const char *a, const char *b)
{
	size_t shared = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static int depth_of(const char *name, size_t length)
{
	int depth = 0;

	for (size_t i = 0; i < length; i++)
		depth += name[i] == '.';
	return depth;
}

/* Opens the groups of name that previous had not open; returns the last part of name. */
static const char *open_groups(const char *name, const char *previous, FILE *out)
{
	const char *part = name + shared_groups(name, previous);

	for (const char *dot; (dot = strchr(part, '.')); part = dot + 1)
		fprintf(out, "%*s%.*s:\n", INDENT * depth_of(name, part - name), "",
			(int)(dot - part), part);
	return part;
}

/* Only what YAML reads as itself goes bare; option values hold no control characters. */
static void write_string(const char *text, char *ret, size_t n)
{
	bool plain = isalpha((unsigned char)*text) || *text == '/';
	size_t used = 0;

	for (const char *p = text; *p && plain; p++)
		plain = isalnum((unsigned char)*p) || strchr("/._-", *p);
	if (plain && strcmp(text, "null") != 0) {
		snprintf(ret, n, "%s", text);
		return;
	}
	ret[used++] = '"';
	for (const char *p = text; *p && used + 4 < n; p++) {
		if (*p == '"' || *p == '\\')
			ret[used++] = '\\';
		ret[used++] = *p;
	}
	memcpy(ret + used, "\"", 2);
}

static void write_origin(const struct config *c, size_t row, const char *path, char *ret, size_t n)
{
	const struct option_row *option = &config_options()->rows[row];
	const struct option_origin *origin = &c->origins[row];
	char flag[OPTION_NAME_MAX];

	switch (origin->from) {
	case ORIGIN_DEFAULT:
		snprintf(ret, n, "default");
		break;
	case ORIGIN_ENVIRONMENT:
		snprintf(ret, n, "%s in the environment", option->environment);
		break;
	case ORIGIN_FILE:
		snprintf(ret, n, "%s:%u:%u", path && *path ? path : CONFIG_FILE, origin->line,
			 origin->column);
		break;
	case ORIGIN_FLAG:
		snprintf(ret, n, "--%s", option_flag(option, flag));
		break;
	}
}

void config_print(const struct config *c, const char *path, FILE *out)
{
	const struct option_table *table = config_options();
	const char *previous = "";

	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		bool in_file = row->where & OPTION_IN_FILE;
		char text[OPTION_TEXT_MAX], value[2 * OPTION_TEXT_MAX], origin[512];
		const char *name = row->name;
		int width = 0;

		option_format(row, c, text, sizeof(text));
		if (row->type == OPTION_STRING)
			write_string(text, value, sizeof(value));
		else
			snprintf(value, sizeof(value), "%s", text);
		write_origin(c, i, path, origin, sizeof(origin));
		if (in_file) {
			name = open_groups(row->name, previous, out);
			width = INDENT * depth_of(row->name, name - row->name);
			previous = row->name;
		}
		width = fprintf(out, "%*s%s%s: %s", width, "", in_file ? "" : "# ", name, value);
		fprintf(out, "%*s # %s\n", width < COMMENT_COLUMN ? COMMENT_COLUMN - width : 0, "",
			origin);
	}
}
