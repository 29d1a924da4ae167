/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes of the character at p, or 0 when it is cut off, overlong or no character at all. */
static size_t decode(const unsigned char *p, size_t left, uint32_t *ret)
{
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

static bool is_control(uint32_t c)
{
	return (c < ' ' && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
	       c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

int text_check(const char *text, size_t length, struct text_fault *ret)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + length;
	unsigned int line = 1, column = 1;
	uint32_t c;

	for (size_t n; p < end; p += n) {
		n = decode(p, end - p, &c);
		if (n && c == '\r' && p + 1 < end && p[1] == '\n')
			continue;
		if (!n || is_control(c)) {
			*ret = (struct text_fault){ .line = line, .column = column, .byte = *p };
			ret->what = !n ? "is not UTF-8" : c ? "is a control character" : "is a NUL";
			return -EILSEQ;
		}
		column = c == '\n' ? 1 : column + 1;
		line += c == '\n';
	}
	return 0;
}
