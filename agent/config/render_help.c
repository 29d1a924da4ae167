/* SPDX-License-Identifier: Apache-2.0 */
/* --help: what fits a terminal of 80 columns. */
#include <string.h>

#include "agent/config/command.h"
#include "agent/config/render.h"
#include "agent/config/render_parts.h"

enum { HELP_COLUMN = 26, SUMMARY_COLUMN = 16 };

static void write_flag(const struct option_row *row, FILE *out)
{
	char name[PARTS_TEXT_MAX], argument[PARTS_TEXT_MAX], notes[PARTS_TEXT_MAX], text[2048];
	char letter[8] = "    ";
	int width;

	parts_long(row, name, sizeof(name));
	parts_argument(row, argument, sizeof(argument));
	parts_notes(row, notes, sizeof(notes));
	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	width = fprintf(out, "  %s%s%s%s", letter, name, *argument ? " " : "", argument);
	snprintf(text, sizeof(text), "%s%s", row->help, notes);
	parts_wrap(text, width, HELP_COLUMN, out);
}

static void write_flags(const struct command *c, FILE *out)
{
	for (int group = 0; group < _PARTS_GROUP_MAX; group++) {
		if (!parts_any_shown(c, group))
			continue;
		fprintf(out, "\n%s:\n", parts_heading(group));
		for (size_t i = 0; i < parts_table(c, group)->count; i++)
			if (parts_shown(c, group, i))
				write_flag(&parts_table(c, group)->rows[i], out);
	}
}

static void write_words(const struct word_table *words, FILE *out)
{
	fprintf(out, "\n%s:\n", words->heading);
	for (size_t i = 0; i < words->count; i++)
		parts_wrap(words->rows[i].help, fprintf(out, "  %s", words->rows[i].name),
			   SUMMARY_COLUMN, out);
}

static void write_examples(const char *lines, FILE *out)
{
	char command[PARTS_TEXT_MAX], does[PARTS_TEXT_MAX];

	fputs("\nExamples:\n", out);
	while (lines && *lines) {
		int width;

		lines = parts_example(lines, command, does, sizeof(command));
		width = fprintf(out, "  %s", command);
		if (*does)
			parts_wrap(does, width, 2 * HELP_COLUMN - 10, out);
		else
			fputc('\n', out);
	}
}

static void write_command(const struct command *c, FILE *out)
{
	fprintf(out, "Usage: fairlead %s [OPTION]...%s%s\n\n", c->name, c->arguments ? " " : "",
		c->arguments ? c->arguments : "");
	parts_wrap(c->description, 0, 0, out);
	if (c->words)
		write_words(c->words, out);
	write_flags(c, out);
	if (c->examples)
		write_examples(c->examples, out);
}

static void write_overview(const struct command *all, size_t n, FILE *out)
{
	fputs("Usage: fairlead COMMAND [OPTION]... [ARGUMENT]...\n\n", out);
	parts_wrap("Fairlead is a " PARTS_TAGLINE ".", 0, 0, out);
	fputs("\nCommands:\n", out);
	for (size_t i = 0; i < n; i++)
		parts_wrap(all[i].summary, fprintf(out, "  %s", all[i].name), SUMMARY_COLUMN, out);
	write_flags(NULL, out);
	fputs("\nExit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 no agent.\n"
	      "'fairlead COMMAND --help' says more of one command.\n",
	      out);
}

void render_help(const struct command *all, size_t n, const struct command *c, FILE *out)
{
	if (c)
		write_command(c, out);
	else
		write_overview(all, n, out);
}
