/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/words.h"

#include <stdbool.h>
#include <string.h>

#include "tests/lib/test.h"

static bool gives(size_t size, const char *text, const char *expected)
{
	char got[64];

	memset(got, 'x', sizeof(got));
	words_copy(got, size, text);
	return !strcmp(got, expected) && strlen(got) < size && got[size] == 'x';
}

static int what_fits_stays_whole(void)
{
	CHECK(gives(12, "one two six", "one two six"));
	CHECK(gives(1, "", ""));
	return 0;
}

static int what_does_not_fit_ends_with_a_whole_word(void)
{
	CHECK(gives(16, "one two three four", "one two..."));
	CHECK(gives(17, "one two three four", "one two three..."));
	CHECK(gives(16, "one two: three four", "one two..."));
	CHECK(gives(14, "one, two, three", "one, two..."));
	return 0;
}

static int a_long_word_is_cut_between_characters(void)
{
	CHECK(gives(8, "abcdefghijk", "abcd..."));
	CHECK(gives(8, "ab\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", "ab..."));
	CHECK(gives(9, "ab\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", "ab\xe2\x82\xac..."));
	CHECK(gives(2, "abcdef", "."));
	return 0;
}

TEST_MAIN({ "what fits stays whole", what_fits_stays_whole },
	  { "what does not fit ends with a whole word", what_does_not_fit_ends_with_a_whole_word },
	  { "a long word is cut between characters", a_long_word_is_cut_between_characters }, )
