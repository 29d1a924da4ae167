/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/reader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/utf8.h"

static bool fail(struct reader *r, const char *wrong)
{
	if (!r->wrong)
		r->wrong = wrong;
	return false;
}

void reader_init(struct reader *r, char *text, size_t size)
{
	*r = (struct reader){ .begin = text, .at = text, .end = text + size };
	text[size] = '\0'; /* where every look ahead ends */
}

static void skip_space(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')
		r->at++;
}

enum reader_kind reader_next(struct reader *r)
{
	if (r->wrong)
		return READER_NOTHING;
	skip_space(r);
	switch (*r->at) {
	case '{':
		return READER_OBJECT;
	case '[':
		return READER_LIST;
	case '"':
		return READER_TEXT;
	case 't':
	case 'f':
		return READER_BOOL;
	case 'n':
		return READER_NULL;
	default:
		if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))
			return READER_NUMBER;
		fail(r, "a value");
		return READER_NOTHING;
	}
}

void reader_enter(struct reader *r, enum reader_kind kind)
{
	if (reader_next(r) != kind) {
		fail(r, kind == READER_OBJECT ? "an object" : "a list");
		return;
	}
	r->at++;
	r->fresh = true;
}

bool reader_more(struct reader *r, enum reader_kind kind)
{
	bool fresh = r->fresh;

	if (r->wrong)
		return false;
	skip_space(r);
	r->fresh = false;
	if (*r->at == (kind == READER_OBJECT ? '}' : ']')) {
		r->at++;
		return false;
	}
	if (fresh)
		return true;
	if (*r->at != ',')
		return fail(r, kind == READER_OBJECT ? "a comma or }" : "a comma or ]");
	r->at++;
	return true;
}

/* Four hexadecimal digits, or more than a character has. */
static uint32_t read_hex(const char *at)
{
	uint32_t n = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)at[i], lower = c | 0x20;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint32_t)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			n = n << 4 | (uint32_t)(lower - 'a' + 10);
		else
			return UINT32_MAX; /* before anything behind the end is looked at */
	}
	return n;
}

static char *write_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* \uXXXX, or two of them that are the halves of one character; at: behind the u. */
static bool take_hex(struct reader *r, char **to)
{
	uint32_t c = read_hex(r->at), low;

	if (c == UINT32_MAX)
		return fail(r, "four hexadecimal digits");
	r->at += 4;
	if (c >> 10 == 0x36) {
		low = r->at[0] == '\\' && r->at[1] == 'u' ? read_hex(r->at + 2) : 0;
		if (low >> 10 != 0x37)
			return fail(r, "the second half of a surrogate pair");
		r->at += 6;
		c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
	} else if (c >> 10 == 0x37) {
		return fail(r, "the first half of a surrogate pair before its second");
	}
	*to = write_utf8(*to, c);
	return true;
}

static bool take_escape(struct reader *r, char **to)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *name = r->at[1] ? strchr(names, r->at[1]) : NULL;

	if (name) {
		*(*to)++ = meant[name - names];
		r->at += 2;
		return true;
	}
	if (r->at[1] != 'u')
		return fail(r, "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
	r->at += 2;
	return take_hex(r, to);
}

/* Stands for itself. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Until the first escape everything lies where it belongs. */
static void take_plain(struct reader *r, char **to)
{
	char *from = r->at;

	while (is_plain((unsigned char)*r->at))
		r->at++;
	if (*to != from)
		memmove(*to, from, (size_t)(r->at - from));
	*to += r->at - from;
}

static bool take_character(struct reader *r, char **to)
{
	uint32_t c;
	size_t n = utf8_decode(r->at, (size_t)(r->end - r->at), &c);

	if (!n)
		return fail(r, "UTF-8");
	memmove(*to, r->at, n);
	*to += n;
	r->at += n;
	return true;
}

bool reader_text(struct reader *r, char **ret, size_t *size)
{
	char *begin, *to;
	bool good;

	if (reader_next(r) != READER_TEXT)
		return fail(r, "a text in quotes");
	begin = to = ++r->at;
	for (;;) {
		take_plain(r, &to);
		if (*r->at == '"')
			break;
		if (*r->at == '\\')
			good = take_escape(r, &to);
		else if ((unsigned char)*r->at >= 0x80)
			good = take_character(r, &to);
		else
			good = fail(r, r->at == r->end ? "the end of a text in quotes"
						       : "no control character in a text");
		if (!good)
			return false;
	}
	r->at++;
	*to = '\0'; /* on the closing quote, or before it */
	*ret = begin;
	*size = (size_t)(to - begin);
	return true;
}

bool reader_key(struct reader *r, char **ret, size_t *size)
{
	if (!reader_text(r, ret, size))
		return false;
	skip_space(r);
	if (*r->at != ':')
		return fail(r, "a colon");
	r->at++;
	return true;
}

static size_t count_digits(const char *at)
{
	size_t n = 0;

	while (at[n] >= '0' && at[n] <= '9')
		n++;
	return n;
}

/* Where the number ends, NULL when it is none: strtod() takes more than JSON has. */
static const char *end_of_number(const char *at)
{
	size_t n;

	at += *at == '-';
	n = count_digits(at);
	if (!n || (n > 1 && *at == '0'))
		return NULL;
	at += n;
	if (*at == '.') {
		n = count_digits(++at);
		if (!n)
			return NULL;
		at += n;
	}
	if (*at != 'e' && *at != 'E')
		return at;
	at += at[1] == '+' || at[1] == '-' ? 2 : 1;
	n = count_digits(at);
	return n ? at + n : NULL;
}

bool reader_number(struct reader *r, double *ret)
{
	const char *end;

	if (reader_next(r) != READER_NUMBER)
		return fail(r, "a number");
	end = end_of_number(r->at);
	if (!end)
		return fail(r, "a number");
	*ret = strtod(r->at, NULL);
	r->at = (char *)end;
	return true;
}

bool reader_bool(struct reader *r, bool *ret)
{
	skip_space(r);
	*ret = !strncmp(r->at, "true", 4);
	if (r->wrong || (!*ret && strncmp(r->at, "false", 5) != 0))
		return fail(r, "true or false");
	r->at += *ret ? 4 : 5;
	return true;
}

bool reader_end(struct reader *r)
{
	if (r->wrong)
		return false;
	skip_space(r);
	return r->at == r->end || fail(r, "the end");
}
