/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/json/write.h"

#include "agent/base/base64.h"
#include "agent/base/clock.h"
#include "agent/base/utf8.h"
#include "exporters/out.h"

/* Bytes from here on that stand for themselves. */
static size_t plain_bytes(const unsigned char *at, size_t size)
{
	size_t n = 0;

	while (n < size && at[n] >= 0x20 && at[n] < 0x80 && at[n] != '"' && at[n] != '\\')
		n++;
	return n;
}

static void escape(struct out *o, unsigned char c)
{
	static const char hex[] = "0123456789abcdef", names[] = "\b\f\n\r\t\"\\",
			  written[] = "bfnrt\"\\";
	const char *name = c ? strchr(names, c) : NULL;
	char text[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	if (name)
		text[1] = written[name - names];
	out_bytes(o, text, name ? 2 : sizeof(text));
}

bool json_write_text(struct out *o, const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes, *end = at + size;
	size_t before = o->size, n;
	uint32_t c;

	out_bytes(o, "\"", 1);
	while (at < end) {
		n = plain_bytes(at, (size_t)(end - at));
		out_bytes(o, at, n);
		at += n;
		if (at == end)
			break;
		n = utf8_decode(at, (size_t)(end - at), &c);
		if (n == 1)
			escape(o, *at);
		else if (n)
			out_bytes(o, at, n);
		else
			break;
		at += n;
	}
	if (at < end) {
		o->size = before;
		return false;
	}
	out_bytes(o, "\"", 1);
	return true;
}

void json_write_base64(struct out *o, const void *bytes, size_t size)
{
	char *at = out_room(o, BASE64_SIZE(size) + 2);

	if (!at)
		return;
	*at = '"';
	base64_write(at + 1, bytes, size);
	at[BASE64_SIZE(size) + 1] = '"';
	o->size += BASE64_SIZE(size) + 2;
}

void json_write_seconds(struct out *o, uint64_t ns)
{
	char fraction[10] = ".000000000";
	size_t size = sizeof(fraction);
	uint64_t rest = ns % NS_PER_SEC;

	out_count(o, ns / NS_PER_SEC);
	for (size_t i = size - 1; i > 0; i--, rest /= 10)
		fraction[i] = (char)('0' + rest % 10);
	while (size > 1 && fraction[size - 1] == '0')
		size--;
	out_bytes(o, fraction, size == 1 ? 0 : size);
}

static void write_member(struct out *o, const char *name, const char *text)
{
	out_text(o, name);
	if (!json_write_text(o, text, strlen(text)))
		out_text(o, "null");
}

void json_write_problem(struct out *o, unsigned int status, const char *title, const char *detail,
			unsigned long line)
{
	out_text(o, "{");
	if (line) {
		out_text(o, "\"line\":");
		out_count(o, line);
		out_text(o, ",");
	}
	write_member(o, "\"type\":\"about:blank\",\"title\":", title);
	out_text(o, ",\"status\":");
	out_count(o, status);
	write_member(o, ",\"detail\":", detail);
	out_text(o, "}");
}
