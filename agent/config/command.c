/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/command.h"

#include <errno.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/config/flags.h"
#include "agent/config/suggest.h"

static const char *const output_names[] = { "table", "json", NULL };
_Static_assert(sizeof(output_names) / sizeof(char *) == _OUTPUT_FORMAT_MAX + 1, "a name a format");

static const struct option_row common_rows[] = {
	{ .name = "config",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct command_common, config),
	  .fallback = "",
	  .argument = "FILE",
	  .help = "Configuration file. Without it " CONFIG_FILE " is read if there is one." },
	{ .name = "socket",
	  .type = OPTION_STRING,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct command_common, socket),
	  .min = 1,
	  .fallback = "/run/fairlead/fairlead.sock",
	  .environment = "FAIRLEAD_SOCKET",
	  .argument = "PATH",
	  .help = "Unix socket of the agent to ask." },
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_ENUM,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct command_common, output),
	  .values = output_names,
	  .fallback = "table",
	  .help = "Form of the output: a table for people, or one JSON object for programs." },
	{ .name = "color",
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct command_common, color),
	  .fallback = "true",
	  .help = "Colours, if the output is a terminal. --no-color leaves them out." },
	{ .name = "quiet",
	  .letter = 'q',
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct command_common, quiet),
	  .fallback = "false",
	  .help = "Say no more than needed: of snapshot and agent --check the exit code alone." },
	{ .name = "verbose",
	  .letter = 'v',
	  .type = OPTION_COUNT,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct command_common, verbose),
	  .max = 9,
	  .fallback = "0",
	  .help = "Say more; given twice, still more." },
	{ .name = "help",
	  .letter = 'h',
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct command_common, help),
	  .fallback = "false",
	  .help = "Show this help." },
	{ .name = "version",
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct command_common, version),
	  .fallback = "false",
	  .help = "Show the version." },
};

static const struct option_table common_table = {
	.rows = common_rows,
	.count = sizeof(common_rows) / sizeof(common_rows[0]),
};

const struct option_table *command_common_options(void)
{
	return &common_table;
}

static const struct command *find(const struct command *commands, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int refuse_command(const struct command *commands, size_t n, const char *name, char *err,
			  size_t size)
{
	struct suggestion s = suggest_for(name);
	char quoted[OPTION_QUOTE_MAX], hint[128];

	for (size_t i = 0; i < n; i++)
		suggest_offer(&s, commands[i].name);
	suggest_write(&s, "", "'fairlead --help' lists all there are", hint, sizeof(hint));
	snprintf(err, size, "unknown command '%s'%s", option_quote(name, quoted), hint);
	return -EINVAL;
}

static bool is_in(const struct word_table *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->rows[i].name, word))
			return true;
	return false;
}

static int refuse_word(const struct command *c, const char *word, char *err, size_t n)
{
	char quoted[OPTION_QUOTE_MAX];
	size_t used =
		(size_t)snprintf(err, n, "'%s' has no %s '%s': there %s", c->name, c->words->noun,
				 option_quote(word, quoted), c->words->count > 1 ? "are" : "is");

	for (size_t i = 0; i < c->words->count && used < n; i++)
		used += (size_t)snprintf(err + used, n - used, "%s %s", i ? "," : "",
					 c->words->rows[i].name);
	return -EINVAL;
}

static int check_words(const struct command_call *call, char *err, size_t n)
{
	const struct command *c = call->command;
	char quoted[OPTION_QUOTE_MAX];

	if ((unsigned int)call->count < c->least)
		snprintf(err, n, "'%s' needs %s: 'fairlead %s --help' shows how", c->name,
			 c->arguments, c->name);
	else if ((unsigned int)call->count > c->most)
		snprintf(err, n, "'%s' does not take '%s': leave it out", c->name,
			 option_quote(call->words[c->most], quoted));
	else {
		for (int i = 0; c->words && i < call->count; i++)
			if (!is_in(c->words, call->words[i]))
				return refuse_word(c, call->words[i], err, n);
		return 0;
	}
	return -EINVAL;
}

/* The command's own options stand first: `-o svg` of one command hides the common -o. */
static int parse_for(struct command_call *call, char *err, size_t n)
{
	const struct command *c = call->command;
	struct option_origin origins[sizeof(common_rows) / sizeof(common_rows[0])] = { 0 };
	const struct option_row *socket = option_find(&common_table, "socket");
	struct flags_target targets[3];
	int r;
	struct flags flags = { .targets = targets, .command = c ? c->name : NULL };

	if (c && c->options) {
		call->args = calloc(1, c->size);
		if (!call->args) {
			snprintf(err, n, "out of memory: free some");
			return -ENOMEM;
		}
		targets[flags.count++] =
			(struct flags_target){ .table = c->options, .into = call->args };
	}
	if (c && c->configured)
		targets[flags.count++] = (struct flags_target){ .table = config_options(),
								.into = &call->config,
								.origins = call->config.origins };
	targets[flags.count++] = (struct flags_target){ .table = &common_table,
							.into = &call->common,
							.origins = origins };
	flags.to_first_word = c && c->passes_on;
	flags.dashed = &call->dashed;
	r = flags_parse(&flags, &call->count, call->words, err, n);
	call->common.socket_given = origins[socket - common_rows].from != ORIGIN_DEFAULT;
	return r;
}

/* With the NULL at the end, so that what is left can be handed to execv(). */
static void take_word(struct command_call *call, int at)
{
	memmove(&call->words[at], &call->words[at + 1], (call->count - at) * sizeof(char *));
	call->count--;
}

int command_parse(const struct command *commands, size_t n, int argc, char **argv,
		  struct command_call *ret, char *err, size_t size)
{
	CLEANUP(command_call_done) struct command_call call = { 0 };
	const struct flags_target common = { .table = &common_table };
	const struct flags before = { .targets = &common, .count = 1 };
	bool help = false;
	int at, r;

	call.words = argv + 1;
	call.count = argc > 0 ? argc - 1 : 0;
	at = flags_first_word(&before, call.count, call.words, err, size);
	if (at >= 0 && at < call.count && strcmp(call.words[at], "help") == 0) {
		help = true; /* `fairlead help snapshot` is `fairlead snapshot --help` */
		take_word(&call, at);
		at = flags_first_word(&before, call.count, call.words, err, size);
	}
	if (at < 0)
		return at;
	if (at < call.count) {
		call.command = find(commands, n, call.words[at]);
		if (!call.command)
			return refuse_command(commands, n, call.words[at], err, size);
		take_word(&call, at);
	}
	r = parse_for(&call, err, size);
	if (r)
		return r;
	call.common.help |= help;
	if (!call.common.help && !call.common.version) {
		if (!call.command) {
			snprintf(err, size, "no command is given: 'fairlead --help' lists them");
			return -EINVAL;
		}
		r = check_words(&call, err, size);
		if (r)
			return r;
	}
	*ret = call;
	call.args = NULL;
	return 0;
}

void command_call_done(struct command_call *call)
{
	if (call->args && call->command && call->command->options)
		option_free(call->command->options, call->args);
	free(call->args);
	call->args = NULL;
}
