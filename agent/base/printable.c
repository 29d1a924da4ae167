/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/printable.h"

#include <langinfo.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "agent/base/utf8.h"

/* Columns that it takes; 0: not to be shown.  Bytes from 0x80 to 0x9f are controls elsewhere. */
static unsigned int columns_of(uint32_t c)
{
	int width;

	if (c < 0x80)
		return c >= ' ' && c != 0x7f;
	if (c < 0xa0 || strcmp(nl_langinfo(CODESET), "UTF-8") || !iswprint((wint_t)c))
		return 0;
	width = wcwidth((wchar_t)c);
	return width == 1 || width == 2 ? (unsigned int)width : 0;
}

size_t printable_next(const char *text, uint32_t *ret, unsigned int *columns)
{
	size_t n = utf8_decode(text, strnlen(text, 4), ret);

	*columns = n ? columns_of(*ret) : 0;
	if (!*columns) {
		*ret = '?';
		*columns = 1;
	}
	return n ? n : 1;
}

void printable_copy(char *ret, size_t size, const char *text)
{
	size_t used = 0;

	while (*text) {
		unsigned int columns;
		uint32_t c;
		size_t n = printable_next(text, &c, &columns);
		size_t room = c == '?' ? 1 : n;

		if (used + room >= size)
			break;
		if (c == '?')
			ret[used] = '?';
		else
			memmove(ret + used, text, n);
		used += room;
		text += n;
	}
	ret[used] = '\0';
}

size_t printable_columns(const char *text)
{
	size_t sum = 0;

	while (*text) {
		unsigned int columns;
		uint32_t c;

		text += printable_next(text, &c, &columns);
		sum += columns;
	}
	return sum;
}

const char *printable_end(const char *text, size_t columns)
{
	size_t all = printable_columns(text);

	while (all > columns) {
		unsigned int these;
		uint32_t c;

		text += printable_next(text, &c, &these);
		all -= these;
	}
	return text;
}
