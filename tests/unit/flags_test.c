/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/log.h"
#include "agent/config/command.h"
#include "tests/lib/test.h"

#define SEC 1000000000ull

struct look_args {
	uint64_t window_ns;
	bool watch;
	int output;
};

static const char *const forms[] = { "folded", "svg", NULL };

static const struct option_row look_rows[] = {
	{ .name = "for",
	  .letter = 'f',
	  .type = OPTION_DURATION,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct look_args, window_ns),
	  .min = SEC,
	  .max = 60 * SEC,
	  .fallback = "1s",
	  .help = "How long." },
	{ .name = "watch",
	  .type = OPTION_BOOL,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct look_args, watch),
	  .fallback = "false",
	  .help = "Again and again." },
	{ .name = "banana",
	  .letter = 's',
	  .type = OPTION_BOOL,
	  .where = OPTION_IN_FILE,
	  OPTION_FIELD(struct look_args, watch),
	  .fallback = "false",
	  .help = "Not a flag." },
};
static const struct option_table look_options = { look_rows, 3 };

static const struct option_row draw_rows[] = {
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_ENUM,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct look_args, output),
	  .values = forms,
	  .fallback = "svg",
	  .help = "Form." },
};
static const struct option_table draw_options = { draw_rows, 1 };

struct pass_args {
	struct option_list texts;
};
static const struct option_row pass_rows[] = {
	{ .name = "text",
	  .letter = 't',
	  .type = OPTION_LIST,
	  .where = OPTION_AS_FLAG,
	  OPTION_FIELD(struct pass_args, texts),
	  .fallback = "",
	  .help = "A text." },
};
static const struct option_table pass_options = { pass_rows, 1 };

static const struct word_row part_rows[] = { { "cpus", "each CPU" }, { "disks", "each disk" } };
static const struct word_table parts = { "Parts", "part", part_rows, 2 };

static const struct command table[] = {
	{ .name = "look", .options = &look_options, .size = sizeof(struct look_args) },
	{ .name = "serve", .configured = true },
	{ .name = "draw", .options = &draw_options, .size = sizeof(struct look_args) },
	{ .name = "steer", .arguments = "on|off", .least = 1, .most = 1 },
	{ .name = "run", .arguments = "[CMD]...", .most = 99 },
	{ .name = "pass",
	  .options = &pass_options,
	  .size = sizeof(struct pass_args),
	  .arguments = "CMD...",
	  .passes_on = true,
	  .most = 99 },
	{ .name = "show", .arguments = "[PART]...", .most = 9, .words = &parts },
};

static struct command_call call;
static char err[512];
static char *argv[32];

/* Parses the blank-separated words as if they stood behind `fairlead`. */
static int parse(const char *words)
{
	static char text[256];
	int argc = 1;

	command_call_done(&call);
	memset(&call, 0, sizeof(call));
	*err = '\0';
	snprintf(text, sizeof(text), "%s", words);
	argv[0] = "fairlead";
	for (char *rest = text, *word; (word = strsep(&rest, " "));)
		if (*word)
			argv[argc++] = word;
	argv[argc] = NULL;
	return command_parse(table, sizeof(table) / sizeof(table[0]), argc, argv, &call, err,
			     sizeof(err));
}

static bool refuses(const char *words, const char *message)
{
	if (parse(words) == -EINVAL && strcmp(err, message) == 0 && !call.command)
		return true;
	printf("# got: %s\n", err);
	return false;
}

static const struct look_args *look(void)
{
	return call.args;
}

static int a_flag_takes_its_value_in_every_customary_form(void)
{
	static const char *const ways[] = { "look --for 5s", "look --for=5s", "look -f 5s",
					    "look -f5s" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		CHECK(parse(ways[i]) == 0 && look()->window_ns == 5 * SEC && call.count == 0);
	return 0;
}

static int what_is_not_given_has_its_default(void)
{
	CHECK(parse("look") == 0);
	CHECK(look()->window_ns == SEC && !look()->watch);
	CHECK(call.common.color && !call.common.quiet && call.common.output == OUTPUT_TABLE);
	CHECK(strcmp(call.common.socket, "/run/fairlead/fairlead.sock") == 0);
	return 0;
}

static int letters_can_be_joined_and_repeated(void)
{
	CHECK(parse("look -qvv -vo json") == 0);
	CHECK(call.common.quiet && call.common.verbose == 3);
	CHECK(call.common.output == OUTPUT_JSON);
	CHECK(parse("look -qojson") == 0 && call.common.output == OUTPUT_JSON);
	return 0;
}

static int a_flag_may_be_given_again_where_it_is_a_list(void)
{
	const struct pass_args *args;

	CHECK(parse("pass -t a --text=b --text c -td") == 0);
	args = call.args;
	CHECK(args->texts.count == 4 && strcmp(args->texts.items[3], "d") == 0);
	CHECK(refuses("pass -t", "option '--text' needs a value: write it behind the option"));
	return 0;
}

static int what_is_behind_the_first_word_can_be_anothers(void)
{
	CHECK(parse("pass -q -t a cmd -t b -- --no-such") == 0 && !call.dashed);
	CHECK(call.count == 5 && strcmp(call.words[0], "cmd") == 0);
	CHECK(strcmp(call.words[4], "--no-such") == 0 && !call.words[5] && call.common.quiet);
	CHECK(parse("pass -q -- -t b") == 0 && call.dashed && call.count == 2);
	CHECK(parse("-q pass -t x cmd -v") == 0 && call.common.quiet && !call.common.verbose);
	return 0;
}

static int a_boolean_can_be_negated_but_nothing_else(void)
{
	CHECK(parse("look --no-color --watch") == 0 && !call.common.color && look()->watch);
	CHECK(parse("look --watch --no-watch") == 0 && !look()->watch);
	CHECK(parse("look --color=no") == 0 && !call.common.color);
	CHECK(refuses("look --no-for",
		      "unknown option '--no-for' for 'look': did you mean '--for'?"));
	CHECK(refuses("look --no-color=yes", "option '--no-color' takes no value: leave it out"));
	return 0;
}

static int an_unknown_flag_names_the_command_and_the_likely_one(void)
{
	CHECK(refuses("look --foo", "unknown option '--foo' for 'look': did you mean '--for'?"));
	CHECK(refuses("look --wacth=1",
		      "unknown option '--wacth' for 'look': did you mean '--watch'?"));
	CHECK(refuses("look --bananas", "unknown option '--bananas' for 'look': "
					"'fairlead look --help' lists all there are"));
	CHECK(refuses("look -z", "unknown option '-z' for 'look': "
				 "'fairlead look --help' lists all there are"));
	CHECK(refuses("look -quiet", "unknown option '-qu' for 'look': "
				     "'fairlead look --help' lists all there are"));
	CHECK(refuses("look -watch",
		      "unknown option '-watch' for 'look': did you mean '--watch'?"));
	CHECK(refuses("--watch look",
		      "unknown option '--watch': 'fairlead --help' lists all there are"));
	return 0;
}

static int a_wrong_value_is_told_with_what_it_must_be(void)
{
	CHECK(refuses("look --for 5parsecs",
		      "option '--for' cannot be '5parsecs': must be a whole number with one "
		      "unit, such as 250ms, 1s, 5m or 1h"));
	CHECK(refuses("look -f 2m", "option '--for' cannot be '2m': must be between 1s and 1m"));
	CHECK(refuses("look --for", "option '--for' needs a value: write it behind the option"));
	CHECK(refuses("look -o", "option '--output' needs a value: write it behind the option"));
	CHECK(refuses("look -o yaml", "option '--output' cannot be 'yaml': must be table or json"));
	return 0;
}

static int two_dashes_end_the_flags(void)
{
	CHECK(parse("run -q -- ls -l --for") == 0 && call.common.quiet);
	CHECK(call.count == 3 && strcmp(call.words[1], "-l") == 0);
	CHECK(strcmp(call.words[2], "--for") == 0 && !call.words[3]);
	CHECK(parse("run a b") == 0 && call.count == 2 && !call.words[2]); /* for execv() */
	CHECK(parse("run - x") == 0 && call.count == 2 && strcmp(call.words[0], "-") == 0);
	return 0;
}

static int flags_and_words_may_be_mixed(void)
{
	CHECK(parse("-q run a --socket /s b -o json c") == 0);
	CHECK(call.count == 3 && !call.words[3] && strcmp(call.words[2], "c") == 0);
	CHECK(strcmp(call.common.socket, "/s") == 0 && call.common.output == OUTPUT_JSON);
	CHECK(call.common.quiet && strcmp(call.command->name, "run") == 0);
	return 0;
}

static int the_value_of_a_flag_is_not_taken_for_the_command(void)
{
	CHECK(parse("--config serve look") == 0);
	CHECK(strcmp(call.command->name, "look") == 0);
	CHECK(strcmp(call.common.config, "serve") == 0);
	return 0;
}

static int a_commands_own_flag_hides_the_common_one(void)
{
	CHECK(parse("draw -o folded") == 0 && look()->output == 0);
	CHECK(call.common.output == OUTPUT_TABLE);
	CHECK(parse("serve --socket /s") == 0 && strcmp(call.config.socket, "/s") == 0);
	return 0;
}

static int settings_are_flags_that_say_so(void)
{
	const struct option_table *t = config_options();

	CHECK(parse("serve --log-level=debug --state-dir /s --no-sched-cgroups") == 0);
	CHECK(call.config.log_level == LOG_DEBUG && strcmp(call.config.state_dir, "/s") == 0);
	CHECK(!call.config.sched_cgroups && call.config.interval_ns == SEC);
	for (size_t i = 0; i < t->count; i++) {
		bool given = strcmp(t->rows[i].name, "log.level") == 0 ||
			     strcmp(t->rows[i].name, "state_dir") == 0 ||
			     strcmp(t->rows[i].name, "sched.cgroups") == 0;
		CHECK(call.config.origins[i].from == (given ? ORIGIN_FLAG : ORIGIN_DEFAULT));
	}
	CHECK(refuses("look --log-level debug",
		      "unknown option '--log-level' for 'look': 'fairlead "
		      "look --help' lists all there are"));
	return 0;
}

static int what_belongs_in_the_file_is_no_flag(void)
{
	CHECK(refuses("look --banana", "unknown option '--banana' for 'look': "
				       "'fairlead look --help' lists all there are"));
	CHECK(parse("look -s") == -EINVAL);
	return 0;
}

static int the_environment_names_the_socket_for_all(void)
{
	setenv("FAIRLEAD_SOCKET", "/env", 1);
	CHECK(parse("look") == 0 && strcmp(call.common.socket, "/env") == 0);
	CHECK(parse("serve") == 0 && strcmp(call.config.socket, "/env") == 0);
	CHECK(call.config.origins[0].from == ORIGIN_ENVIRONMENT);
	CHECK(parse("serve --socket /s") == 0 && strcmp(call.config.socket, "/s") == 0);
	CHECK(call.config.origins[0].from == ORIGIN_FLAG);
	unsetenv("FAIRLEAD_SOCKET");
	return 0;
}

static int a_command_that_is_none_is_refused(void)
{
	CHECK(refuses("lok", "unknown command 'lok': did you mean 'look'?"));
	CHECK(refuses("zzz", "unknown command 'zzz': 'fairlead --help' lists all there are"));
	CHECK(refuses("", "no command is given: 'fairlead --help' lists them"));
	return 0;
}

static int words_are_counted(void)
{
	CHECK(parse("steer on") == 0 && call.count == 1);
	CHECK(refuses("steer", "'steer' needs on|off: 'fairlead steer --help' shows how"));
	CHECK(refuses("steer on off", "'steer' does not take 'off': leave it out"));
	CHECK(refuses("look x", "'look' does not take 'x': leave it out"));
	return 0;
}

static int words_of_a_list_are_checked_against_it(void)
{
	CHECK(parse("show") == 0 && call.count == 0);
	CHECK(parse("show disks cpus --quiet disks") == 0 && call.count == 3);
	CHECK(refuses("show cpus cpu", "'show' has no part 'cpu': there are cpus, disks"));
	CHECK(refuses("show -- --x\033", "'show' has no part '--x\\x1b': there are cpus, disks"));
	CHECK(parse("show nonsense --help") == 0 && call.common.help);
	return 0;
}

static int help_can_be_asked_for_anywhere(void)
{
	CHECK(parse("--help") == 0 && call.common.help && !call.command);
	CHECK(parse("help") == 0 && call.common.help && !call.command);
	CHECK(parse("help steer") == 0 && call.common.help && call.command == &table[3]);
	CHECK(parse("steer --help") == 0 && call.common.help && call.command == &table[3]);
	CHECK(parse("-h steer") == 0 && call.common.help && call.command == &table[3]);
	CHECK(parse("--version") == 0 && call.common.version && !call.command);
	return 0;
}

static int a_target_that_is_null_is_only_checked(void)
{
	const struct flags_target target = { .table = &look_options };
	const struct flags flags = { .targets = &target, .count = 1 };
	char *args[] = { "--watch", "-f", "5s", "word", "--nope", NULL };
	char *bad[] = { "--for", "1x", NULL };

	CHECK(flags_first_word(&flags, 5, args, err, sizeof(err)) == 3);
	CHECK(flags_first_word(&flags, 3, args, err, sizeof(err)) == 3);
	CHECK(flags_first_word(&flags, 2, bad, err, sizeof(err)) == -EINVAL);
	return 0;
}

static int words_of_any_length_are_survived(void)
{
	static char word[5000];
	char *args[] = { word, NULL };
	const struct flags_target target = { .table = &look_options };
	const struct flags flags = { .targets = &target, .count = 1, .command = "look" };

	memset(word, '-', 2);
	memset(word + 2, '\xff', sizeof(word) - 3);
	CHECK(flags_first_word(&flags, 1, args, err, sizeof(err)) == -EINVAL);
	CHECK(strstr(err, "lists all there are"));
	return 0;
}

TEST_MAIN({ "a flag takes its value in every customary form",
	    a_flag_takes_its_value_in_every_customary_form },
	  { "what is not given has its default", what_is_not_given_has_its_default },
	  { "letters can be joined and repeated", letters_can_be_joined_and_repeated },
	  { "a flag may be given again where it is a list",
	    a_flag_may_be_given_again_where_it_is_a_list },
	  { "what is behind the first word can be another's",
	    what_is_behind_the_first_word_can_be_anothers },
	  { "a boolean can be negated, but nothing else",
	    a_boolean_can_be_negated_but_nothing_else },
	  { "an unknown flag names the command and the likely one",
	    an_unknown_flag_names_the_command_and_the_likely_one },
	  { "a wrong value is told with what it must be",
	    a_wrong_value_is_told_with_what_it_must_be },
	  { "two dashes end the flags", two_dashes_end_the_flags },
	  { "flags and words may be mixed", flags_and_words_may_be_mixed },
	  { "the value of a flag is not taken for the command",
	    the_value_of_a_flag_is_not_taken_for_the_command },
	  { "a command's own flag hides the common one", a_commands_own_flag_hides_the_common_one },
	  { "settings are flags that say so", settings_are_flags_that_say_so },
	  { "what belongs in the file is no flag", what_belongs_in_the_file_is_no_flag },
	  { "the environment names the socket for all", the_environment_names_the_socket_for_all },
	  { "a command that is none is refused", a_command_that_is_none_is_refused },
	  { "words are counted", words_are_counted },
	  { "words of a list are checked against it", words_of_a_list_are_checked_against_it },
	  { "help can be asked for anywhere", help_can_be_asked_for_anywhere },
	  { "a target that is NULL is only checked", a_target_that_is_null_is_only_checked },
	  { "words of any length are survived", words_of_any_length_are_survived }, )
