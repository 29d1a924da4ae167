/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(char *ret, const void *bytes, size_t size)
{
	const unsigned char *in = bytes;

	for (; size >= 3; in += 3, size -= 3) {
		uint32_t three = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

		*ret++ = digits[three >> 18];
		*ret++ = digits[three >> 12 & 63];
		*ret++ = digits[three >> 6 & 63];
		*ret++ = digits[three & 63];
	}
	if (size) {
		uint32_t rest = (uint32_t)in[0] << 16 | (size == 2 ? (uint32_t)in[1] << 8 : 0);

		*ret++ = digits[rest >> 18];
		*ret++ = digits[rest >> 12 & 63];
		*ret++ = size == 2 ? digits[rest >> 6 & 63] : '=';
		*ret = '=';
	}
}

/* 64 and more for what is no digit. */
static uint32_t value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26u;
	if (c >= '0' && c <= '9')
		return c - '0' + 52u;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

ssize_t base64_read(void *ret, const char *text, size_t size)
{
	const unsigned char *in = (const unsigned char *)text;
	unsigned char *out = ret;
	size_t padding = 0;

	if (size % 4)
		return -EINVAL;
	while (padding < 2 && padding < size && in[size - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < size; i += 4) {
		size_t left = size - i == 4 ? 4 - padding : 4; /* digits of these four */
		uint32_t a = value(in[i]), b = value(in[i + 1]);
		uint32_t c = left > 2 ? value(in[i + 2]) : 0, d = left > 3 ? value(in[i + 3]) : 0;
		uint32_t three = a << 18 | b << 12 | c << 6 | d;

		if ((a | b | c | d) > 63 || (left < 4 && three & (left < 3 ? 0xffff : 0xff)))
			return -EINVAL; /* bits that belong to no byte: not what anybody wrote */
		*out++ = (unsigned char)(three >> 16);
		if (left > 2)
			*out++ = (unsigned char)(three >> 8);
		if (left > 3)
			*out++ = (unsigned char)three;
	}
	return out - (unsigned char *)ret;
}
