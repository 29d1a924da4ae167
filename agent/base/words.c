/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/words.h"

#include <stdio.h>
#include <string.h>

#define CUT "..."

/* Not within a character of UTF-8. */
static size_t character_before(const char *text, size_t at)
{
	while (at && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

void words_copy(char *ret, size_t size, const char *text)
{
	size_t room = size - 1, end;

	if (strlen(text) <= room) {
		memmove(ret, text, strlen(text) + 1);
		return;
	}
	room = room > strlen(CUT) ? room - strlen(CUT) : 0;
	for (end = room; end && text[end] != ' ';)
		end--;
	if (!end) /* one long word */
		end = character_before(text, room);
	while (end && strchr(" ,;:", text[end - 1]))
		end--;
	memmove(ret, text, end);
	snprintf(ret + end, size - end, "%s", CUT);
}
