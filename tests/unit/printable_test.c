/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/printable.h"

#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

static bool shows(const char *text, const char *wanted)
{
	char got[256];

	printable_copy(got, sizeof(got), text);
	if (!strcmp(got, wanted))
		return true;
	printf("# got '%s'\n", got);
	return false;
}

static bool in_utf8(void)
{
	return setlocale(LC_CTYPE, "C.UTF-8") != NULL;
}

static int no_control_byte_is_left(void)
{
	char text[256], got[256];

	CHECK(in_utf8());
	for (int i = 0; i < 255; i++)
		text[i] = (char)(i + 1);
	text[255] = '\0';
	printable_copy(got, sizeof(got), text);
	CHECK(strlen(got) == 255);
	for (const char *c = got; *c; c++)
		CHECK(*c >= ' ' && *c < 0x7f);
	CHECK(shows("a\033[2Jb\ac\rd\x7f", "a?[2Jb?c?d?"));
	return 0;
}

static int what_cannot_be_seen_is_seen(void)
{
	char bidi[] = "bidi \xe2\x80?x";

	CHECK(in_utf8());
	CHECK(shows("c1 \xc2\x9b\x32J", "c1 ?2J")); /* CSI as one character */
	bidi[7] = '\xae'; /* right to left, as clang-tidy sees it in a literal */
	CHECK(shows(bidi, "bidi ?x"));
	CHECK(shows("zero \xe2\x80\x8b\xef\xbb\xbfx", "zero ??x"));
	CHECK(shows("line \xe2\x80\xa8x", "line ?x"));
	CHECK(shows("over a\xcc\x80x", "over a?x")); /* it would sit on its neighbour */
	return 0;
}

static int what_is_no_utf8_is_a_question_mark(void)
{
	CHECK(in_utf8());
	CHECK(shows("\xff\xfe", "??"));
	CHECK(shows("cut \xe2\x82", "cut ??"));
	CHECK(shows("overlong \xc0\xaf", "overlong ??"));
	return 0;
}

static int letters_are_kept_where_the_locale_has_them(void)
{
	CHECK(in_utf8());
	CHECK(shows("b\xc3\xbc"
		    "cher \xe6\x9c\xac",
		    "b\xc3\xbc"
		    "cher \xe6\x9c\xac"));
	CHECK(printable_columns("b\xc3\xbc"
				"cher \xe6\x9c\xac") == 9);
	CHECK(setlocale(LC_CTYPE, "C"));
	CHECK(shows("b\xc3\xbc"
		    "cher",
		    "b?cher"));
	return 0;
}

static int a_character_is_never_cut_in_two(void)
{
	char got[4];

	CHECK(in_utf8());
	printable_copy(got, sizeof(got), "ab\xc3\xbc");
	CHECK(!strcmp(got, "ab"));
	CHECK(!strcmp(printable_end("\xe6\x9c\xac\xe6\x9c\xac", 3), "\xe6\x9c\xac"));
	CHECK(!strcmp(printable_end("abc", 0), "") && !strcmp(printable_end("abc", 9), "abc"));
	return 0;
}

TEST_MAIN({ "no control byte is left", no_control_byte_is_left },
	  { "what cannot be seen is seen", what_cannot_be_seen_is_seen },
	  { "what is no UTF-8 is a question mark", what_is_no_utf8_is_a_question_mark },
	  { "letters are kept where the locale has them",
	    letters_are_kept_where_the_locale_has_them },
	  { "a character is never cut in two", a_character_is_never_cut_in_two }, )
