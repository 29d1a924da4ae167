/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/base/utf8.h"

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
		n = utf8_decode(p, (size_t)(end - p), &c);
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
