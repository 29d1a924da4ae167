/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/utf8.h"

#include <stdbool.h>
#include <string.h>

size_t utf8_decode(const void *at, size_t left, uint32_t *ret)
{
	const unsigned char *p = at;
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
	uint32_t c;

	if (n == 0 || n > left)
		return 0;
	c = n == 1 ? *p : *p & (0xff >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || c >> 11 == 0x1b /* a surrogate */)
		return 0;
	*ret = c;
	return n;
}

const char *utf8_mend(const char *text, char *ret, size_t size)
{
	const char *end = text + strlen(text);
	bool valid = true;
	size_t used = 0;
	uint32_t c;

	for (const char *at = text; at < end;) {
		size_t n = (unsigned char)*at < 0x80 ? 1 : utf8_decode(at, (size_t)(end - at), &c);

		if (used + (n ? n : 1) < size) {
			memcpy(ret + used, n ? at : "?", n ? n : 1);
			used += n ? n : 1;
		}
		valid &= n != 0;
		at += n ? n : 1;
	}
	ret[used] = '\0';
	return valid ? text : ret;
}
