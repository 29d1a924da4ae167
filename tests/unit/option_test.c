/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/option.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/quantity.h"
#include "agent/config/suggest.h"
#include "tests/lib/test.h"

#define SEC 1000000000ull

struct sample {
	bool on;
	int64_t number;
	uint64_t span, bytes;
	int choice;
	char text[8];
};

static const char *const choices[] = { "red", "green", "blue", NULL };

enum { ON, NUMBER, SPAN, BYTES, CHOICE, TEXT, ROWS };

static const struct option_row rows[ROWS] = {
	[ON] = { .name = "on",
		 .type = OPTION_BOOL,
		 OPTION_FIELD(struct sample, on),
		 .fallback = "yes" },
	[NUMBER] = { .name = "a.number",
		     .type = OPTION_INT,
		     OPTION_FIELD(struct sample, number),
		     .min = -5,
		     .max = 10,
		     .fallback = "7" },
	[SPAN] = { .name = "span",
		   .type = OPTION_DURATION,
		   OPTION_FIELD(struct sample, span),
		   .min = SEC / 10,
		   .max = 60 * SEC,
		   .fallback = "1500ms" },
	[BYTES] = { .name = "bytes",
		    .type = OPTION_SIZE,
		    OPTION_FIELD(struct sample, bytes),
		    .fallback = "64K" },
	[CHOICE] = { .name = "choice",
		     .type = OPTION_ENUM,
		     OPTION_FIELD(struct sample, choice),
		     .values = choices,
		     .fallback = "green" },
	[TEXT] = { .name = "long_text",
		   .type = OPTION_STRING,
		   OPTION_FIELD(struct sample, text),
		   .min = 1,
		   .fallback = "x",
		   .environment = "FAIRLEAD_TEST_TEXT" },
};
static const struct option_table table = { rows, ROWS };

static char err[OPTION_TEXT_MAX];

static int set(int row, struct sample *s, const char *text)
{
	*err = '\0';
	return option_set(&rows[row], s, text, err, sizeof(err));
}

static int defaults_are_set_from_their_own_text(void)
{
	struct sample s = { 0 };

	CHECK(option_defaults(&table, &s) == 0);
	CHECK(s.on && s.number == 7 && s.span == 3 * SEC / 2 && s.bytes == 65536);
	CHECK(s.choice == 1 && strcmp(s.text, "x") == 0);
	return 0;
}

static int what_is_refused_leaves_the_value_alone(void)
{
	struct sample s, before;

	memset(&s, 0x5a, sizeof(s));
	before = s;
	CHECK(set(ON, &s, "maybe") == -EINVAL);
	CHECK(set(NUMBER, &s, "11") == -EINVAL && set(SPAN, &s, "2m") == -EINVAL);
	CHECK(set(BYTES, &s, "1X") == -EINVAL && set(CHOICE, &s, "pink") == -EINVAL);
	CHECK(set(TEXT, &s, "12345678") == -EINVAL);
	CHECK(memcmp(&s, &before, sizeof(s)) == 0);
	return 0;
}

static int a_duration_needs_a_unit_that_exists(void)
{
	static const char *const wrong[] = { "5parsecs", "5",   "",   "s",    "1.5s", "-1s",  "+1s",
					     " 1s",      "1s ", "1S", "0x1s", "1 s",  "1m30s" };
	struct sample s;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(set(SPAN, &s, wrong[i]) == -EINVAL);
	CHECK(set(SPAN, &s, "5") == -EINVAL && strstr(err, "needs a unit"));
	CHECK(set(SPAN, &s, "5parsecs") == -EINVAL && strstr(err, "250ms, 1s, 5m or 1h"));
	return 0;
}

static int a_duration_takes_every_unit(void)
{
	uint64_t ns;

	CHECK(quantity_read_duration("7ns", &ns) == 0 && ns == 7);
	CHECK(quantity_read_duration("7us", &ns) == 0 && ns == 7000);
	CHECK(quantity_read_duration("7ms", &ns) == 0 && ns == 7000000);
	CHECK(quantity_read_duration("7s", &ns) == 0 && ns == 7 * SEC);
	CHECK(quantity_read_duration("7m", &ns) == 0 && ns == 420 * SEC);
	CHECK(quantity_read_duration("7h", &ns) == 0 && ns == 25200 * SEC);
	return 0;
}

static int what_overflows_is_out_of_range_not_wrapped_round(void)
{
	uint64_t value = 42;
	int64_t number = 42;

	CHECK(quantity_read_duration("99999999999999999999s", &value) == -ERANGE);
	CHECK(quantity_read_duration("5124096h", &value) == -ERANGE);
	CHECK(quantity_read_size("16777216T", &value) == -ERANGE);
	CHECK(quantity_read_size("9223372036854775808", &value) == -ERANGE);
	CHECK(quantity_read_int("9223372036854775808", &number) == -ERANGE);
	CHECK(quantity_read_int("18446744073709551626", &number) == -ERANGE); /* 2^64 + 10 */
	CHECK(value == 42 && number == 42);
	return 0;
}

static int bounds_hold_at_both_ends_and_are_told(void)
{
	struct sample s;

	CHECK(set(SPAN, &s, "100ms") == 0 && set(SPAN, &s, "1m") == 0);
	CHECK(set(SPAN, &s, "99999us") == -EINVAL);
	CHECK(strcmp(err, "must be between 100ms and 1m") == 0);
	CHECK(set(SPAN, &s, "60001ms") == -EINVAL);
	CHECK(strcmp(err, "must be between 100ms and 1m") == 0);
	CHECK(set(NUMBER, &s, "-5") == 0 && s.number == -5);
	CHECK(set(NUMBER, &s, "-6") == -EINVAL);
	CHECK(strcmp(err, "must be between -5 and 10") == 0);
	return 0;
}

static int sizes_go_by_powers_of_1024(void)
{
	struct sample s;

	CHECK(set(BYTES, &s, "512") == 0 && s.bytes == 512);
	CHECK(set(BYTES, &s, "2G") == 0 && s.bytes == 2ull << 30);
	CHECK(set(BYTES, &s, "64Mi") == 0 && s.bytes == 64ull << 20);
	CHECK(set(BYTES, &s, "64MB") == -EINVAL);
	return 0;
}

static int a_boolean_is_what_yaml_calls_one(void)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes", "YES",
					   "on",   "On",   "ON",   "y",   "Y" };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No", "NO",
					  "off",   "Off",   "OFF",   "n",  "N" };
	static const char *const neither[] = { "tRUE", "TRue", "yEs",  "oN", "oFF", "1",
					       "0",    "",     "yess", "ye", "null" };
	struct sample s;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		s.on = false;
		CHECK(set(ON, &s, yes[i]) == 0 && s.on);
		CHECK(set(ON, &s, no[i]) == 0 && !s.on);
		CHECK(set(ON, &s, neither[i]) == -EINVAL && !s.on);
		CHECK(strcmp(err, "must be true or false") == 0);
	}
	return 0;
}

static int an_enum_names_what_may_be_said(void)
{
	struct sample s;

	CHECK(set(CHOICE, &s, "blue") == 0 && s.choice == 2);
	CHECK(set(CHOICE, &s, "pink") == -EINVAL);
	CHECK(strcmp(err, "must be red, green or blue") == 0);
	return 0;
}

static int a_text_is_bounded_and_holds_no_control_characters(void)
{
	struct sample s;

	CHECK(set(TEXT, &s, "1234567") == 0);
	CHECK(set(TEXT, &s, "12345678") == -EINVAL && strstr(err, "at most 7 bytes"));
	CHECK(set(TEXT, &s, "") == -EINVAL && strstr(err, "not be empty"));
	CHECK(set(TEXT, &s, "a\nb") == -EINVAL && set(TEXT, &s, "a\033b") == -EINVAL);
	CHECK(set(TEXT, &s, "\xc2\x85") == -EINVAL);     /* C1 */
	CHECK(set(TEXT, &s, "\xe2\x80\xa8") == -EINVAL); /* a line separator */
	CHECK(set(TEXT, &s, "\xff") == -EINVAL);         /* not UTF-8 */
	CHECK(strcmp(s.text, "1234567") == 0);
	CHECK(set(TEXT, &s, "\xc3\xa4") == 0);
	return 0;
}

static int what_is_written_back_is_read_as_the_same(void)
{
	struct sample s = { .on = true,
			    .number = -3,
			    .span = 1234567000,
			    .bytes = 3 << 20,
			    .choice = 2,
			    .text = "a b" };
	struct sample again = { 0 };
	char text[OPTION_TEXT_MAX];

	for (int i = 0; i < ROWS; i++) {
		option_format(&rows[i], &s, text, sizeof(text));
		CHECK(set(i, &again, text) == 0);
		CHECK(option_equal(&rows[i], &s, &again));
	}
	return 0;
}

static int a_duration_is_written_in_its_largest_whole_unit(void)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} all[] = { { 0, "0s" },           { 1, "1ns" },        { 1500000000, "1500ms" },
		    { 90 * SEC, "90s" },   { 120 * SEC, "2m" }, { 3600 * SEC, "1h" },
		    { 86400 * SEC, "24h" } };
	char text[32];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		quantity_format_duration(all[i].ns, text, sizeof(text));
		CHECK(strcmp(text, all[i].text) == 0);
	}
	return 0;
}

static int the_environment_stands_in_for_a_default(void)
{
	struct option_origin origins[ROWS] = { 0 };
	struct sample s = { 0 };

	setenv("FAIRLEAD_TEST_TEXT", "env", 1);
	CHECK(option_environment(&table, &s, origins, err, sizeof(err)) == 0);
	CHECK(strcmp(s.text, "env") == 0 && origins[TEXT].from == ORIGIN_ENVIRONMENT);
	setenv("FAIRLEAD_TEST_TEXT", "far too long", 1);
	CHECK(option_environment(&table, &s, origins, err, sizeof(err)) == -EINVAL);
	CHECK(strncmp(err, "FAIRLEAD_TEST_TEXT cannot be 'far too long': ", 45) == 0);
	setenv("FAIRLEAD_TEST_TEXT", "", 1);
	CHECK(option_environment(&table, &s, origins, err, sizeof(err)) == 0);
	unsetenv("FAIRLEAD_TEST_TEXT");
	return 0;
}

static int text_from_outside_cannot_steer_a_terminal(void)
{
	char quoted[OPTION_QUOTE_MAX], bytes[300];

	CHECK(strcmp(option_quote("a\033[31m\n\xff", quoted), "a\\x1b[31m\\x0a\\xff") == 0);
	memset(bytes, 0xff, sizeof(bytes) - 1);
	bytes[sizeof(bytes) - 1] = '\0';
	option_quote(bytes, quoted);
	CHECK(strcmp(quoted + strlen(quoted) - 7, "\\xff...") == 0);
	return 0;
}

static const char *guess(const char *wrong)
{
	static struct suggestion s;

	s = suggest_for(wrong);
	suggest_offer(&s, "log.level");
	suggest_offer(&s, "signals.interval");
	suggest_offer(&s, "socket");
	suggest_offer(&s, "for");
	return s.best;
}

static int two_letters_swapped_are_one_slip(void)
{
	struct suggestion s = suggest_for("no");

	suggest_offer(&s, "on"); /* of so short a name only one slip is forgiven */
	CHECK(strcmp(s.best, "on") == 0);
	return 0;
}

static int a_slip_is_recognised_and_nonsense_is_not(void)
{
	CHECK(strcmp(guess("log.levle"), "log.level") == 0); /* swapped */
	CHECK(strcmp(guess("sokcet"), "socket") == 0);
	CHECK(strcmp(guess("foo"), "for") == 0);
	CHECK(strcmp(guess("interval"), "signals.interval") == 0); /* its group forgotten */
	CHECK(!*guess("zzz") && !*guess("") && !*guess("banana"));
	return 0;
}

static int a_guess_survives_names_of_any_length(void)
{
	char name[5000];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK(!*guess(name));
	name[63] = '\0';
	CHECK(!*guess(name));
	return 0;
}

static int thousandths_are_read_and_written_without_loss(void)
{
	static const char *const wrong[] = { "", ".5", "1.", "0.1234", "1,5", "-1", "1e3", "0.5x" };
	static const struct {
		const char *text, *written;
		int64_t value;
	} right[] = { { "0", "0", 0 },          { "2", "2", 2000 },       { "0.5", "0.5", 500 },
		      { "1.25", "1.25", 1250 }, { "10.0", "10", 10000 },  { "0.001", "0.001", 1 },
		      { "100", "100", 100000 }, { "1.050", "1.05", 1050 } };
	int64_t value = 42;
	char text[32];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(quantity_read_parts(wrong[i], &value) == -EINVAL && value == 42);
	CHECK(quantity_read_parts("9223372036854775807", &value) == -ERANGE && value == 42);
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		CHECK(quantity_read_parts(right[i].text, &value) == 0);
		CHECK(value == right[i].value);
		quantity_format_parts((uint64_t)value, text, sizeof(text));
		CHECK(strcmp(text, right[i].written) == 0);
	}
	return 0;
}

static int a_list_keeps_all_that_was_given_in_order(void)
{
	struct {
		int before;
		struct option_list list;
		int after;
	} s = { .before = 1, .after = 2 };
	const struct option_row row = { .name = "l",
					.type = OPTION_LIST,
					.offset = offsetof(__typeof__(s), list),
					.size = sizeof(s.list),
					.fallback = "" };
	const struct option_table lists = { &row, 1 };
	char text[32];

	CHECK(option_defaults(&lists, &s) == 0 && s.list.count == 0);
	for (int i = 0; i < 100; i++)
		CHECK(option_set(&row, &s, i ? "a=\n\xff" : "", err, sizeof(err)) == 0);
	CHECK(option_set(&row, NULL, "x", err, sizeof(err)) == 0);
	CHECK(s.list.count == 100 && !*s.list.items[0]);
	CHECK(strcmp(s.list.items[99], "a=\n\xff") == 0);
	option_format(&row, &s, text, sizeof(text));
	CHECK(strcmp(text, "100 given") == 0);
	option_free(&lists, &s);
	CHECK(!s.list.items && s.list.count == 0 && s.before == 1 && s.after == 2);
	return 0;
}

TEST_MAIN({ "defaults are set from their own text", defaults_are_set_from_their_own_text },
	  { "what is refused leaves the value alone", what_is_refused_leaves_the_value_alone },
	  { "a duration needs a unit that exists", a_duration_needs_a_unit_that_exists },
	  { "a duration takes every unit", a_duration_takes_every_unit },
	  { "what overflows is out of range, not wrapped round",
	    what_overflows_is_out_of_range_not_wrapped_round },
	  { "bounds hold at both ends and are told", bounds_hold_at_both_ends_and_are_told },
	  { "sizes go by powers of 1024", sizes_go_by_powers_of_1024 },
	  { "a boolean is what YAML calls one", a_boolean_is_what_yaml_calls_one },
	  { "an enum names what may be said", an_enum_names_what_may_be_said },
	  { "a text is bounded and holds no control characters",
	    a_text_is_bounded_and_holds_no_control_characters },
	  { "what is written back is read as the same", what_is_written_back_is_read_as_the_same },
	  { "a duration is written in its largest whole unit",
	    a_duration_is_written_in_its_largest_whole_unit },
	  { "thousandths are read and written without loss",
	    thousandths_are_read_and_written_without_loss },
	  { "a list keeps all that was given, in order", a_list_keeps_all_that_was_given_in_order },
	  { "the environment stands in for a default", the_environment_stands_in_for_a_default },
	  { "text from outside cannot steer a terminal",
	    text_from_outside_cannot_steer_a_terminal },
	  { "two letters swapped are one slip", two_letters_swapped_are_one_slip },
	  { "a slip is recognised and nonsense is not", a_slip_is_recognised_and_nonsense_is_not },
	  { "a guess survives names of any length", a_guess_survives_names_of_any_length }, )
