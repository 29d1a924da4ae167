/* SPDX-License-Identifier: Apache-2.0 */
/* Completion for bash and zsh. */
#include <string.h>

#include "agent/config/command.h"
#include "agent/config/render.h"
#include "agent/config/render_parts.h"

static bool is_negatable(const struct option_row *row)
{
	return row->type == OPTION_BOOL && strcmp(row->fallback, "true") == 0;
}

static bool takes_value(const struct option_row *row)
{
	return row->type != OPTION_BOOL && row->type != OPTION_COUNT;
}

static bool names(const struct option_row *row, const char *argument)
{
	return row->argument && strcmp(row->argument, argument) == 0;
}

typedef void put_row(const struct command *c, const struct option_row *row, FILE *out);

static void each_flag(const struct command *c, put_row *put, FILE *out)
{
	for (int group = 0; group < _PARTS_GROUP_MAX; group++)
		for (size_t i = 0; i < parts_table(c, group)->count; i++)
			if (parts_shown(c, group, i))
				put(c, &parts_table(c, group)->rows[i], out);
}

static void bash_word(const struct command *c, const struct option_row *row, FILE *out)
{
	char flag[OPTION_NAME_MAX];

	(void)c;
	option_flag(row, flag);
	if (row->letter)
		fprintf(out, " -%c", row->letter);
	fprintf(out, " --%s", flag);
	if (is_negatable(row))
		fprintf(out, " --no-%s", flag);
}

/* What may stand behind a flag; nothing is offered for what is free, such as a duration. */
static void bash_value(const struct command *c, const struct option_row *row, FILE *out)
{
	char flag[OPTION_NAME_MAX];
	const char *name = c ? c->name : "";

	if (!takes_value(row))
		return;
	fprintf(out, "\t\"%s:--%s\"", name, option_flag(row, flag));
	if (row->letter)
		fprintf(out, " | \"%s:-%c\"", name, row->letter);
	fputs(") ", out);
	if (row->type == OPTION_ENUM) {
		fputs("_fairlead_words", out);
		for (int i = 0; row->values[i]; i++)
			fprintf(out, " %s", row->values[i]);
	} else if (names(row, "FILE") || names(row, "PATH")) {
		fputs("_fairlead_files -f", out);
	} else if (names(row, "FOLDER")) {
		fputs("_fairlead_files -d", out);
	} else if (names(row, "USER")) {
		fputs("_fairlead_files -u", out);
	} else {
		fputs(":", out);
	}
	fputs(" ;;\n", out);
}

static void bash_command_words(const struct command *c, FILE *out)
{
	fprintf(out, "\t%s) _fairlead_words", c ? c->name : "\"\"");
	each_flag(c, bash_word, out);
	fputs(" ;;\n", out);
}

static void bash_words(const struct command *c, FILE *out)
{
	fprintf(out, "\t\t%s) _fairlead_words", c->name);
	for (size_t i = 0; i < c->words->count; i++)
		fprintf(out, " %s", c->words->rows[i].name);
	fputs(" ;;\n", out);
}

void render_bash(const struct command *all, size_t n, FILE *out)
{
	fputs("# bash completion for fairlead\n"
	      "# Made by docs/generate.c from the option tables: do not edit.\n"
	      "# shellcheck shell=bash\n\n"
	      "_fairlead_words()\n{\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$*\" -- \"$cur\")\n}\n\n"
	      "_fairlead_files()\n{\n"
	      "\t[[ $1 == -u ]] || compopt -o filenames\n"
	      "\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n}\n\n"
	      "_fairlead_value()\n{\n\tcase $command:$prev in\n",
	      out);
	each_flag(NULL, bash_value, out);
	for (size_t i = 0; i < n; i++)
		each_flag(&all[i], bash_value, out);
	fputs("\t*) return 1 ;;\n\tesac\n}\n\n"
	      "_fairlead()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	      "\tlocal command='' word\n\n"
	      "\tCOMPREPLY=()\n"
	      "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	      "\t\tcase $word in\n\t\t",
	      out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? " | " : "", all[i].name);
	fputs(")\n\t\t\tcommand=$word\n\t\t\tbreak\n\t\t\t;;\n\t\tesac\n\tdone\n"
	      "\t# bash parts --name=value at the equals sign\n"
	      "\tif [[ $cur == = ]]; then\n\t\tcur=''\n"
	      "\telif [[ $prev == = ]] && ((COMP_CWORD >= 2)); then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
	      "\t_fairlead_value && return\n"
	      "\tif [[ $cur != -* ]]; then\n\t\tcase $command in\n\t\t\"\") _fairlead_words",
	      out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, " %s", all[i].name);
	fputs(" ;;\n", out);
	for (size_t i = 0; i < n; i++)
		if (all[i].words)
			bash_words(&all[i], out);
		else if (all[i].arguments && strstr(all[i].arguments, "FILE"))
			fprintf(out, "\t\t%s) _fairlead_files -f ;;\n", all[i].name);
	fputs("\t\tesac\n\t\treturn\n\tfi\n\tcase $command in\n", out);
	bash_command_words(NULL, out);
	for (size_t i = 0; i < n; i++)
		bash_command_words(&all[i], out);
	fputs("\tesac\n}\ncomplete -F _fairlead fairlead\n", out);
}

/* Within '…[…]': the quote ends the word, the bracket the explanation. */
static void zsh_put(const char *text, FILE *out)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fprintf(out, strchr("[]:\\", *text) ? "\\%c" : "%c", *text);
}

static void zsh_value(const struct option_row *row, FILE *out)
{
	char argument[PARTS_TEXT_MAX];

	if (!takes_value(row))
		return;
	parts_argument(row, argument, sizeof(argument));
	fprintf(out, ":%s:", row->type == OPTION_ENUM ? "value" : argument);
	if (row->type == OPTION_ENUM) {
		for (int i = 0; row->values[i]; i++)
			fprintf(out, "%s%s", i ? " " : "(", row->values[i]);
		fputc(')', out);
	} else if (names(row, "FILE") || names(row, "PATH")) {
		fputs("_files", out);
	} else if (names(row, "FOLDER")) {
		fputs("_files -/", out);
	} else if (names(row, "USER")) {
		fputs("_users", out);
	} else {
		fputc(' ', out);
	}
}

static void zsh_spec(const char *word, const char *joint, const char *brief,
		     const struct option_row *row, FILE *out)
{
	fprintf(out, " \\\n\t\t'%s%s%s[",
		row->type == OPTION_COUNT || row->type == OPTION_LIST ? "*" : "", word, joint);
	zsh_put(brief, out);
	fputc(']', out);
	zsh_value(row, out);
	fputc('\'', out);
}

static void zsh_flag(const struct command *c, const struct option_row *row, FILE *out)
{
	char flag[OPTION_NAME_MAX], word[OPTION_NAME_MAX + 8], brief[PARTS_TEXT_MAX];
	bool value = takes_value(row);

	(void)c;
	option_flag(row, flag);
	parts_brief(row, brief, sizeof(brief));
	snprintf(word, sizeof(word), "--%s", flag);
	zsh_spec(word, value ? "=" : "", brief, row, out);
	if (row->letter) {
		snprintf(word, sizeof(word), "-%c", row->letter);
		zsh_spec(word, value ? "+" : "", brief, row, out);
	}
	if (is_negatable(row)) {
		snprintf(word, sizeof(word), "--no-%s", flag);
		snprintf(brief, sizeof(brief), "the opposite of --%s", flag);
		zsh_spec(word, "", brief, row, out);
	}
}

static void zsh_words(const struct word_table *words, FILE *out)
{
	fputc('(', out);
	for (size_t i = 0; i < words->count; i++)
		fprintf(out, "%s%s", i ? " " : "", words->rows[i].name);
	fputc(')', out);
}

void render_zsh(const struct command *all, size_t n, FILE *out)
{
	fputs("#compdef fairlead\n"
	      "# Made by docs/generate.c from the option tables: do not edit.\n\n"
	      "_fairlead() {\n"
	      "\tlocal curcontext=$curcontext state line\n"
	      "\ttypeset -A opt_args\n\n"
	      "\t_arguments -s -C",
	      out);
	each_flag(NULL, zsh_flag, out);
	fputs(" \\\n\t\t'1:command:->command' \\\n\t\t'*::argument:->argument'\n\n"
	      "\tif [[ $state == command ]]; then\n\t\tlocal -a commands=(\n",
	      out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "\t\t\t'%s:", all[i].name);
		zsh_put(all[i].summary, out);
		fputs("'\n", out);
	}
	fputs("\t\t)\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
	      "\t[[ $state == argument ]] || return\n\tcase $words[1] in\n",
	      out);
	for (size_t i = 0; i < n; i++) {
		const struct command *c = &all[i];

		fprintf(out, "\t%s)\n\t\t_arguments -s", c->name);
		each_flag(c, zsh_flag, out);
		if (c->arguments) {
			fputs(" \\\n\t\t'*:", out);
			zsh_put(c->arguments, out);
			fputc(':', out);
			if (c->words)
				zsh_words(c->words, out);
			else
				fputs(strstr(c->arguments, "FILE") ? "_files" : " ", out);
			fputc('\'', out);
		}
		fputs("\n\t\t;;\n", out);
	}
	fputs("\tesac\n}\n\n_fairlead \"$@\"\n", out);
}
