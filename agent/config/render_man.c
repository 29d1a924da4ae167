/* SPDX-License-Identifier: Apache-2.0 */
/* The man pages, in the plain man macros, so that groff and mandoc both take them. */
#include <ctype.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/version.h"
#include "agent/config/command.h"
#include "agent/config/render.h"
#include "agent/config/render_parts.h"

/*
 * Text as roff would show it unchanged.  A minus is what a reader may copy into a shell, so
 * each '-' is one; a word that begins with a dot or a quote must not become a request.
 */
static char *escape(const char *text)
{
	static const struct {
		char raw;
		const char *roff;
	} special[] = {
		{ '\\', "\\e" },  { '-', "\\-" },   { '\'', "\\(aq" },
		{ '`', "\\(ga" }, { '^', "\\(ha" }, { '~', "\\(ti" },
	};
	char *ret = malloc(strlen(text) * 4 + 1), *to = ret;

	for (const char *from = text; ret && *from; from++) {
		const char *roff = NULL;

		for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
			if (*from == special[i].raw)
				roff = special[i].roff;
		if (*from == '.' && (from == text || isspace((unsigned char)from[-1])))
			roff = "\\&.";
		if (roff)
			to = stpcpy(to, roff);
		else
			*to++ = *from;
	}
	if (ret)
		*to = '\0';
	return ret;
}

static void put(FILE *out, const char *before, const char *text, const char *after)
{
	CLEANUP(freep) char *escaped = escape(text);

	fprintf(out, "%s%s%s", before, escaped ? escaped : "", after);
}

static void put_text(FILE *out, const char *text)
{
	CLEANUP(freep) char *escaped = escape(text);
	const char *rest = escaped;

	while (rest && *rest) { /* an empty line in roff is a request of its own: .PP says it */
		const char *end = strstr(rest, "\n\n");
		CLEANUP(freep) char *paragraph = end ? strndup(rest, end - rest) : strdup(rest);

		if (paragraph)
			parts_wrap(paragraph, 0, 0, out);
		rest = end ? end + 2 : NULL;
		if (rest)
			fputs(".PP\n", out);
	}
}

static void put_flag(FILE *out, const struct option_row *row)
{
	char name[PARTS_TEXT_MAX], argument[PARTS_TEXT_MAX], notes[PARTS_TEXT_MAX], text[1024];

	parts_long(row, name, sizeof(name));
	parts_argument(row, argument, sizeof(argument));
	parts_notes(row, notes, sizeof(notes));
	fputs(".TP\n", out);
	if (row->letter)
		fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
	put(out, "\\fB", name, "\\fR");
	if (*argument)
		put(out, " \\fI", argument, "\\fR");
	snprintf(text, sizeof(text), "%s%s", row->help, notes);
	fputc('\n', out);
	put_text(out, text);
}

static void put_flags(FILE *out, const struct command *c, enum parts_group group)
{
	for (size_t i = 0; i < parts_table(c, group)->count; i++)
		if (parts_shown(c, group, i))
			put_flag(out, &parts_table(c, group)->rows[i]);
}

static void put_words(FILE *out, const struct word_table *words)
{
	put(out, ".PP\n", words->heading, ":\n");
	for (size_t i = 0; i < words->count; i++) {
		put(out, ".TP\n\\fB", words->rows[i].name, "\\fR\n");
		put_text(out, words->rows[i].help);
	}
}

static void put_examples(FILE *out, const char *lines)
{
	char command[PARTS_TEXT_MAX], does[PARTS_TEXT_MAX];

	while (lines && *lines) {
		lines = parts_example(lines, command, does, sizeof(command));
		put(out, *does ? ".TP\n\\fB" : ".PP\n\\fB", command, "\\fR\n");
		put_text(out, does);
	}
}

static void put_title(FILE *out, const char *name, const char *section)
{
	fprintf(out, ".\\\" Made by docs/generate.c from the option tables: do not edit.\n");
	put(out, ".TH \"", name, "\" ");
	put(out, section, " \"\" \"Fairlead ", "");
	put(out, "", version(), "\" \"Fairlead\"\n");
	fputs(".nh\n.ad l\n", out); /* a path or flag that is hyphenated cannot be copied */
}

static void put_command(FILE *out, const struct command *c)
{
	put(out, ".SS \"fairlead ", c->name, " [OPTION]...");
	if (c->arguments)
		put(out, " ", c->arguments, "");
	fputs("\"\n", out);
	put_text(out, c->description);
	if (c->words)
		put_words(out, c->words);
	put_flags(out, c, PARTS_OWN);
	if (c->configured) {
		fputs(".PP\nEvery setting of the configuration is a flag too and wins over the "
		      "file;\n.BR fairlead.yaml (5)\nexplains them.\n",
		      out);
		put_flags(out, c, PARTS_CONFIG);
	}
}

static void put_environment(FILE *out)
{
	const struct option_table *table = config_options();

	fputs(".SH ENVIRONMENT\n", out);
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].environment) {
			put(out, ".TP\n.B ", table->rows[i].environment, "\n");
			put(out, "Stands in for the default of \\fB", table->rows[i].name,
			    "\\fR; file and flag win over it.\n");
		}
}

void render_man_commands(const struct command *all, size_t n, FILE *out)
{
	bool examples = false;

	put_title(out, "FAIRLEAD", "1");
	put(out, ".SH NAME\nfairlead \\- ", PARTS_TAGLINE, "\n");
	fputs(".SH SYNOPSIS\n.B fairlead\n.I COMMAND\n[\\fIOPTION\\fR]...\n[\\fIARGUMENT\\fR]...\n"
	      ".SH DESCRIPTION\n",
	      out);
	put_text(out, "One program is the agent that runs on each node and the commands that ask "
		      "it. It needs no configuration to start.");
	fputs(".SH COMMANDS\n", out);
	for (size_t i = 0; i < n; i++) {
		put_command(out, &all[i]);
		examples |= all[i].examples != NULL;
	}
	fputs(".SH OPTIONS\nEvery command takes these too.\n", out);
	put_flags(out, NULL, PARTS_COMMON);
	fputs(".SH \"EXIT STATUS\"\n.TP\n.B 0\nDone.\n.TP\n.B 1\nFailed.\n.TP\n.B 2\nWrong use or "
	      "wrong configuration.\n.TP\n.B 3\nThere is no agent to ask.\n",
	      out);
	put_environment(out);
	put(out, ".SH FILES\n.TP\n.I ", CONFIG_FILE, "\nConfiguration; see\n");
	fputs(".BR fairlead.yaml (5).\n", out);
	if (examples)
		fputs(".SH EXAMPLES\n", out);
	for (size_t i = 0; i < n; i++)
		put_examples(out, all[i].examples);
	fputs(".SH \"SEE ALSO\"\n.BR fairlead.yaml (5)\n", out);
}

static void put_setting(FILE *out, const struct option_row *row)
{
	char values[PARTS_TEXT_MAX], flag[OPTION_NAME_MAX];

	put(out, ".TP\n.B ", row->name, "\n");
	put_text(out, row->help);
	parts_values(row, values, sizeof(values));
	put(out, ".br\nValues: ", values, ".\n");
	put(out, "Default: \\fB", row->fallback, "\\fR.\n");
	put(out, "Flag: \\fB\\-\\-", option_flag(row, flag), "\\fR.\n");
	fprintf(out, "A change takes effect %s.\n",
		row->where & OPTION_LIVE ? "with a reload" : "with a restart");
}

void render_man_config(const struct command *all, size_t n, FILE *out)
{
	const struct option_table *table = config_options();

	(void)all;
	(void)n;
	put_title(out, "FAIRLEAD.YAML", "5");
	put(out, ".SH NAME\nfairlead.yaml \\- ", "configuration of the Fairlead node agent", "\n");
	put(out, ".SH SYNOPSIS\n.I ", CONFIG_FILE, "\n.SH DESCRIPTION\n");
	put_text(out, "Every setting has a default, so the file may be missing or empty. The "
		      "environment wins over a default, the file over the environment, a flag "
		      "over the file. Names with a dot are nested: log.level is 'level' below "
		      "'log'. Only maps and plain values are read; anchors, aliases, tags and "
		      "further documents are refused, and so are unknown names.\n\n"
		      "'fairlead agent --check' checks the file and shows what would be in "
		      "force. SIGHUP makes the agent read it again: a file with a fault changes "
		      "nothing. It goes to the main process, not to its child, the warden: under "
		      "systemd by 'systemctl reload fairlead', in a container to process 1.");
	fputs(".SH OPTIONS\n", out);
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].where & OPTION_IN_FILE)
			put_setting(out, &table->rows[i]);
	fputs(".SH EXAMPLES\n.EX\nlog:\n  level: debug\nsignals:\n  interval: 500ms\n.EE\n", out);
	fputs(".SH \"SEE ALSO\"\n.BR fairlead (1)\n", out);
}
