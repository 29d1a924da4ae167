/* SPDX-License-Identifier: Apache-2.0 */
/* docs/config.md and docs/cli.md. */
#include <string.h>

#include "agent/config/command.h"
#include "agent/config/render.h"
#include "agent/config/render_parts.h"

#define NOTICE "<!-- Made by docs/generate.c from the option tables: do not edit. -->\n"

/* A table cell: what would end it or be taken for HTML is escaped. */
static void put_cell(const char *text, FILE *out)
{
	for (; *text; text++)
		switch (*text) {
		case '|':
			fputs("\\|", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '\n':
			fputc(' ', out);
			break;
		default:
			fputc(*text, out);
		}
}

static void put_code(const char *text, FILE *out)
{
	fputc('`', out);
	for (; *text; text++)
		fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
	fputc('`', out);
}

static void put_flag(const struct option_row *row, FILE *out)
{
	char name[PARTS_TEXT_MAX], argument[PARTS_TEXT_MAX], notes[PARTS_TEXT_MAX];
	char form[2 * PARTS_TEXT_MAX + 8];

	parts_long(row, name, sizeof(name));
	parts_argument(row, argument, sizeof(argument));
	parts_notes(row, notes, sizeof(notes));
	fputs("| ", out);
	if (row->letter)
		fprintf(out, "`-%c`, ", row->letter);
	snprintf(form, sizeof(form), "%s%s%s", name, *argument ? " " : "", argument);
	put_code(form, out);
	fputs(" | ", out);
	put_cell(row->help, out);
	put_cell(notes, out);
	fputs(" |\n", out);
}

static void put_flags(const struct command *c, enum parts_group group, FILE *out)
{
	if (!parts_any_shown(c, group))
		return;
	fputs("\n| option | meaning |\n|---|---|\n", out);
	for (size_t i = 0; i < parts_table(c, group)->count; i++)
		if (parts_shown(c, group, i))
			put_flag(&parts_table(c, group)->rows[i], out);
}

static void put_words(const struct word_table *words, FILE *out)
{
	fprintf(out, "\n| %s | shows |\n|---|---|\n", words->noun);
	for (size_t i = 0; i < words->count; i++) {
		fprintf(out, "| `%s` | ", words->rows[i].name);
		put_cell(words->rows[i].help, out);
		fputs(" |\n", out);
	}
}

static void put_examples(const char *lines, FILE *out)
{
	fputs("\n```sh\n", out);
	fputs(lines, out);
	if (*lines && lines[strlen(lines) - 1] != '\n')
		fputc('\n', out);
	fputs("```\n", out);
}

void render_markdown_commands(const struct command *all, size_t n, FILE *out)
{
	fputs("# Commands\n\n" NOTICE
	      "\nErrors are one line on stderr that says what is wrong and how to mend it.\n\n"
	      "| exit code | means |\n|---|---|\n| 0 | done |\n| 1 | failed |\n"
	      "| 2 | wrong use or wrong configuration |\n| 3 | there is no agent to ask |\n\n"
	      "Every command takes these:\n",
	      out);
	put_flags(NULL, PARTS_COMMON, out);
	for (size_t i = 0; i < n; i++) {
		const struct command *c = &all[i];

		fprintf(out, "\n## fairlead %s%s%s\n\n", c->name, c->arguments ? " " : "",
			c->arguments ? c->arguments : "");
		parts_wrap(c->description, 0, 0, out);
		if (c->words)
			put_words(c->words, out);
		put_flags(c, PARTS_OWN, out);
		if (c->configured)
			fputs("\nEvery setting of [the configuration](config.md) is a flag too and "
			      "wins over the file.\n",
			      out);
		if (c->examples)
			put_examples(c->examples, out);
	}
}

static void put_setting(const struct option_row *row, FILE *out)
{
	char values[PARTS_TEXT_MAX], flag[OPTION_NAME_MAX];

	parts_values(row, values, sizeof(values));
	if (row->where & OPTION_IN_FILE)
		fprintf(out, "| `%s` | ", row->name);
	else
		fputs("| (a flag only) | ", out);
	fprintf(out, "`--%s` | ", option_flag(row, flag));
	put_cell(values, out);
	fprintf(out, " | `%s`", row->fallback);
	if (row->environment)
		fprintf(out, " or what `%s` says", row->environment);
	fprintf(out, " | %s | ", row->where & OPTION_LIVE ? "reload" : "restart");
	put_cell(row->help, out);
	fputs(" |\n", out);
}

void render_markdown_config(const struct command *all, size_t n, FILE *out)
{
	const struct option_table *table = config_options();
	struct config defaults;

	(void)all;
	(void)n;
	config_defaults(&defaults);
	fputs("# Configuration\n\n" NOTICE "\n", out);
	parts_wrap(
		"`" CONFIG_FILE "`, or the file that `--config` names, is read at the start and "
		"at SIGHUP. Every setting has a default, so the file may be missing or empty. "
		"The environment wins over a default, the file over the environment, a flag over "
		"the file.\n\n"
		"Names with a dot are nested. Only maps and plain values are read; anchors, "
		"aliases, tags and further documents are refused, and so are unknown names. "
		"`fairlead agent --check` checks the file and shows what would be in force and "
		"where each value came from. A reload with a fault changes nothing; what only a "
		"restart can change is said in the log.\n\n"
		"SIGHUP goes to the main process, never to its child, the warden, which ignores it: "
		"`systemctl reload fairlead` under systemd (ExecReload sends it to $MAINPID), process "
		"1 in a container (`docker kill --signal HUP NAME`), and by hand the one that "
		"`pgrep -o -x fairlead` names. In the DaemonSet a changed ConfigMap starts new pods "
		"instead.",
		0, 0, out);
	fputs("\n| setting | flag | values | default | a change needs | meaning |\n"
	      "|---|---|---|---|---|---|\n",
	      out);
	for (size_t i = 0; i < table->count; i++)
		put_setting(&table->rows[i], out);
	fputs("\nAll defaults, as a file:\n\n```yaml\n", out);
	config_print(&defaults, NULL, out);
	fputs("```\n", out);
}
