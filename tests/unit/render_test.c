/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/render.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/config/command.h"
#include "agent/config/render_parts.h"
#include "tests/lib/test.h"

struct args {
	bool watch;
	char file[64];
};

static const struct option_row rows[] = {
	{ .name = "watch",
	  .letter = 'w',
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct args, watch),
	  .fallback = "false",
	  .help = "It's shown [again]: and again. .dots and 'quotes' and a\\backslash follow in a "
		  "sentence that is long enough to be broken more than once over its lines." },
	{ .name = "some.file",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct args, file),
	  .fallback = "",
	  .argument = "FILE",
	  .help = "A file." },
	{ .name = "hidden",
	  .type = OPTION_BOOL,
	  .where = OPTION_IN_FILE,
	  OPTION_FIELD(struct args, watch),
	  .fallback = "false",
	  .help = "Not a flag." },
};
static const struct option_table options = { rows, 3 };

static const struct word_row part_rows[] = { { "cpus", "each CPU" }, { "disks", "each | disk" } };
static const struct word_table parts = { "Parts", "part", part_rows, 2 };

static const struct command table[] = {
	{ .name = "serve",
	  .summary = "runs",
	  .description =
		  "'Tis one paragraph.\n\n.And another one, which is long enough to be broken "
		  "over lines, as a paragraph of a description is.",
	  .configured = true },
	{ .name = "look",
	  .summary = "shows the node's state",
	  .description = "Looks.",
	  .arguments = "[FILE]",
	  .most = 1,
	  .options = &options,
	  .size = sizeof(struct args),
	  .examples = "fairlead look  # once\nfairlead look -o json | jq '.a'\n" },
	{ .name = "show",
	  .summary = "shows parts",
	  .description = "Shows.",
	  .arguments = "[PART]...",
	  .most = 2,
	  .words = &parts },
};

typedef void renderer(const struct command *commands, size_t n, FILE *out);

static char *rendered(renderer *render)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	render(table, sizeof(table) / sizeof(table[0]), out);
	fclose(out);
	return text;
}

static void help_of_all(const struct command *commands, size_t n, FILE *out)
{
	render_help(commands, n, NULL, out);
	for (size_t i = 0; i < n; i++)
		render_help(commands, n, &commands[i], out);
}

static bool any_line(const char *text, bool (*is_bad)(const char *line, size_t length))
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (is_bad(text, length)) {
			printf("# %.*s\n", (int)length, text);
			return true;
		}
		text += length + (text[length] == '\n');
	}
	return false;
}

static bool is_too_wide(const char *line, size_t length)
{
	(void)line;
	return length > 79;
}

static bool ends_in_blank(const char *line, size_t length)
{
	return length && line[length - 1] == ' ';
}

static int help_fits_eighty_columns(void)
{
	CLEANUP(freep) char *text = rendered(help_of_all);

	CHECK(!any_line(text, is_too_wide));
	CHECK(!any_line(text, ends_in_blank));
	return 0;
}

static int help_names_every_command_and_common_flag(void)
{
	CLEANUP(freep) char *text = rendered(help_of_all);

	CHECK(strstr(text, "\n  look          shows the node's state\n"));
	CHECK(strstr(text, "\n  -o, --output table|json\n"));
	CHECK(strstr(text, "\n      --[no-]color        Colours"));
	CHECK(strstr(text, "Usage: fairlead look [OPTION]... [FILE]\n"));
	CHECK(strstr(text, "\n  -w, --watch             It's shown [again]: and again."));
	CHECK(strstr(text, "\n      --some-file FILE    A file.\n"));
	CHECK(strstr(text, "Default 1s; 100ms to 1m."));
	CHECK(!strstr(text, "hidden"));
	return 0;
}

static int a_hidden_common_flag_is_shown_once(void)
{
	char *text = NULL, *first;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	render_help(table, 2, &table[0], out);
	fclose(out);
	first = strstr(text, "--socket PATH");
	CHECK(first && strstr(first, "Unix socket that the agent serves"));
	CHECK(!strstr(first + 1, "--socket PATH"));
	free(text);
	return 0;
}

static bool is_strange_request(const char *line, size_t length)
{
	static const char *const known[] = {
		".TH ", ".SH ", ".SS ", ".TP", ".PP", ".BR ", ".B ",
		".I ",  ".EX",  ".EE",  ".br", ".nh", ".ad ", ".\\\""
	};

	if (length == 0)
		return true; /* an empty line is a request of its own */
	if (*line == '\'')
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(line, known[i], strlen(known[i])) == 0)
			return false;
	return *line == '.';
}

static int no_text_becomes_a_request_of_roff(void)
{
	CLEANUP(freep) char *one = rendered(render_man_commands);
	CLEANUP(freep) char *five = rendered(render_man_config);

	CHECK(!any_line(one, is_strange_request) && !any_line(five, is_strange_request));
	CHECK(strstr(one, "a\\ebackslash") && strstr(one, "\\&.dots"));
	CHECK(strstr(one, "\\fB\\-\\-some\\-file\\fR \\fIFILE\\fR\n"));
	CHECK(strstr(one, ".TP\n\\fBfairlead look\\fR\nonce\n"));
	return 0;
}

static int man_takes_the_pages_without_a_warning(void)
{
	static const struct {
		renderer *render;
		const char *name;
	} pages[] = { { render_man_commands, "fairlead.1" },
		      { render_man_config, "fairlead.yaml.5" } };

	if (system("command -v groff >/dev/null") != 0)
		SKIP("there is no groff");
	for (int i = 0; i < 2; i++) {
		CLEANUP(freep) char *text = rendered(pages[i].render);
		FILE *groff = popen("test -z \"$(groff -man -ww -Tutf8 2>&1 >/dev/null)\"", "w");

		CHECK(groff && fputs(text, groff) >= 0);
		CHECK(pclose(groff) == 0);
	}
	return 0;
}

static int the_documents_name_every_setting(void)
{
	CLEANUP(freep) char *markdown = rendered(render_markdown_config);
	CLEANUP(freep) char *man = rendered(render_man_config);
	const struct option_table *t = config_options();
	char text[128], flag[OPTION_NAME_MAX];

	for (size_t i = 0; i < t->count; i++) {
		if (t->rows[i].where & OPTION_IN_FILE) {
			snprintf(text, sizeof(text), "\n| `%s` | `--%s` |", t->rows[i].name,
				 option_flag(&t->rows[i], flag));
			CHECK(strstr(markdown, text));
			snprintf(text, sizeof(text), "\n.B %s\n", t->rows[i].name);
			CHECK(strstr(man, text));
		} else {
			snprintf(text, sizeof(text), "\n| (a flag only) | `--%s` |",
				 t->rows[i].name);
			CHECK(strstr(markdown, text));
		}
	}
	return 0;
}

static int no_cell_of_a_table_is_torn(void)
{
	CLEANUP(freep) char *text = rendered(render_markdown_commands);

	CHECK(strstr(text, "\n| `-o`, `--output table\\|json` | "));
	CHECK(strstr(text, "\n## fairlead look [FILE]\n"));
	CHECK(strstr(text, "```sh\nfairlead look  # once\n"));
	return 0;
}

/* Asks the script in bash itself for what could stand at the end of the words. */
static int bash_offers(const char *words, const char *wanted)
{
	CLEANUP(freep) char *script = rendered(render_bash);
	FILE *bash = popen("bash", "w");

	if (!bash)
		return -1;
	fputs(script, bash);
	fprintf(bash,
		"compopt() { :; }\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
		"_fairlead\nif [[ \"${COMPREPLY[*]}\" != \"%s\" ]]; then\n"
		"echo \"# got ${COMPREPLY[*]}\"; exit 1; fi\n",
		words, wanted);
	return pclose(bash);
}

static int bash_completes_commands_flags_and_values(void)
{
	if (system("command -v bash >/dev/null") != 0)
		SKIP("there is no bash");
	CHECK(bash_offers("fairlead ''", "serve look show") == 0);
	CHECK(bash_offers("fairlead look --so", "--some-file --socket") == 0);
	CHECK(bash_offers("fairlead serve --log-level ''", "error warn info debug") == 0);
	CHECK(bash_offers("fairlead serve --log-level = de", "debug") == 0);
	CHECK(bash_offers("fairlead serve --signals-window ''", "") == 0);
	CHECK(bash_offers("fairlead show cpus d", "disks") == 0);
	CHECK(bash_offers("fairlead look --some-file /proc/self/cmdl", "/proc/self/cmdline") == 0);
	return 0;
}

static int zsh_texts_cannot_end_their_quotes(void)
{
	CLEANUP(freep) char *text = rendered(render_zsh);

	CHECK(strstr(text, "'--watch[It'\\''s shown \\[again\\]\\: and again]'"));
	CHECK(strstr(text, "'look:shows the node'\\''s state'"));
	CHECK(strstr(text, "'--log-format=[Lines for people, or one JSON object a line for log "
			   "collectors]:value:(text json)'"));
	return 0;
}

static int what_may_stand_behind_a_command_is_told_everywhere(void)
{
	static renderer *const all[] = { help_of_all, render_man_commands, render_markdown_commands,
					 render_zsh };
	static const char *const wanted[] = { "\nParts:\n  cpus          each CPU\n",
					      ".TP\n\\fBcpus\\fR\neach CPU\n",
					      "| `disks` | each \\| disk |\n",
					      "'*:\\[PART\\]...:(cpus disks)'" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CLEANUP(freep) char *text = rendered(all[i]);

		CHECK(strstr(text, wanted[i]));
	}
	return 0;
}

static int the_brief_of_a_help_is_its_first_sentence(void)
{
	struct option_row row = { .help = "First, e.g.this. Second." };
	char brief[64];

	parts_brief(&row, brief, sizeof(brief));
	CHECK(strcmp(brief, "First, e.g.this") == 0);
	row.help = "Only one.";
	parts_brief(&row, brief, sizeof(brief));
	CHECK(strcmp(brief, "Only one") == 0);
	return 0;
}

TEST_MAIN({ "help fits eighty columns", help_fits_eighty_columns },
	  { "help names every command and common flag", help_names_every_command_and_common_flag },
	  { "a hidden common flag is shown once", a_hidden_common_flag_is_shown_once },
	  { "no text becomes a request of roff", no_text_becomes_a_request_of_roff },
	  { "man takes the pages without a warning", man_takes_the_pages_without_a_warning },
	  { "the documents name every setting", the_documents_name_every_setting },
	  { "no cell of a table is torn", no_cell_of_a_table_is_torn },
	  { "bash completes commands, flags and values", bash_completes_commands_flags_and_values },
	  { "zsh texts cannot end their quotes", zsh_texts_cannot_end_their_quotes },
	  { "what may stand behind a command is told everywhere",
	    what_may_stand_behind_a_command_is_told_everywhere },
	  { "the brief of a help is its first sentence",
	    the_brief_of_a_help_is_its_first_sentence }, )
