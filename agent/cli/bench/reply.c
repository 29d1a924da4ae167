/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/reply.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LEAST_ROOM  4096
#define REPLY_MAX   (64u << 20)
#define HEAD_MAX    (64u << 10)
#define ALWAYS_FREE 1 /* for the NUL */

char *reply_room(struct reply *r, size_t *room)
{
	if (r->room - r->have <= ALWAYS_FREE) {
		size_t wanted = r->room ? r->room * 2 : LEAST_ROOM;
		char *more = wanted > REPLY_MAX ? NULL : realloc(r->text, wanted);

		if (!more)
			return NULL;
		r->text = more;
		r->room = wanted;
	}
	*room = r->room - r->have - ALWAYS_FREE;
	return r->text + r->have;
}

/* The header's value when the line is this header, else NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	if (strncasecmp(line, name, length) != 0 || line[length] != ':')
		return NULL;
	return line + length + 1 + strspn(line + length + 1, " \t");
}

static int read_length(const char *text, int base, size_t *ret)
{
	char *end;
	unsigned long long n;

	if (!isxdigit((unsigned char)*text))
		return -EPROTO;
	n = strtoull(text, &end, base);
	if (n > REPLY_MAX || !strchr(" \t\r\n;", *end))
		return -EPROTO;
	*ret = (size_t)n;
	return 0;
}

static int read_header(struct reply *r, const char *line)
{
	const char *length = value_of(line, "Content-Length");
	const char *coding = value_of(line, "Transfer-Encoding");
	const char *connection = value_of(line, "Connection");

	if (connection)
		r->closes = !strncasecmp(connection, "close", 5);
	if (coding && strncasecmp(coding, "chunked", 7) != 0)
		return -EPROTO;
	if (coding)
		r->how = REPLY_CHUNKS;
	if (!length || r->how == REPLY_CHUNKS)
		return 0;
	r->how = REPLY_LENGTH;
	return read_length(length, 10, &r->left);
}

/* "HTTP/1.1 200" and no more of it than that: the reason is for people. */
static int read_status(struct reply *r)
{
	const char *at = r->text;

	if (strncmp(at, "HTTP/1.", 7) != 0 || (at[7] != '0' && at[7] != '1') || at[8] != ' ')
		return -EPROTO;
	r->closes = at[7] == '0';
	r->status = 0;
	for (at += 9; isdigit((unsigned char)*at) && r->status < 1000; at++)
		r->status = r->status * 10 + (*at - '0');
	/* nobody asked for a 100, nor for another protocol */
	return r->status < 200 || r->status > 999 || (*at != ' ' && *at != '\r') ? -EPROTO : 0;
}

/* The text is NUL-terminated, and a head ends in an empty line: no search leaves it. */
static int read_head(struct reply *r)
{
	const char *end = strstr(r->text, "\r\n\r\n");

	if (!end)
		return r->have > HEAD_MAX || strlen(r->text) < r->have ||
				       strncmp(r->text, "HTTP/1.", r->have < 7 ? r->have : 7) != 0
			       ? -EPROTO
			       : 0;
	if (read_status(r))
		return -EPROTO;
	r->head = r->at = r->end = (size_t)(end - r->text) + 4;
	r->how = REPLY_TO_END;
	for (const char *line = strstr(r->text, "\r\n") + 2; line < end + 2;
	     line = strstr(line, "\r\n") + 2)
		if (read_header(r, line))
			return -EPROTO;
	if (r->status == 204 || r->status == 304) {
		r->how = REPLY_LENGTH;
		r->left = 0;
	}
	r->closes |= r->how == REPLY_TO_END;
	return 0;
}

/* A line of the chunks: 1 and *line, 0 when it is not whole yet. */
static int next_line(struct reply *r, const char **line)
{
	char *end = memchr(r->text + r->at, '\n', r->have - r->at);

	if (!end)
		return r->have - r->at > HEAD_MAX ? -EPROTO : 0;
	*line = r->text + r->at;
	r->at = (size_t)(end - r->text) + 1;
	return 1;
}

/* What follows a chunk's data is moved together: the body is in one piece in the end. */
static void take_data(struct reply *r)
{
	size_t here = r->have - r->at < r->left ? r->have - r->at : r->left;

	memmove(r->text + r->end, r->text + r->at, here);
	r->end += here;
	r->at += here;
	r->left -= here;
	if (!r->left)
		r->part = CHUNK_AFTER;
}

static int read_line_of_chunks(struct reply *r, const char *line)
{
	bool empty = *line == '\r' || *line == '\n';

	switch (r->part) {
	case CHUNK_AFTER:
		r->part = CHUNK_SIZE;
		return empty ? 0 : -EPROTO;
	case CHUNK_LAST: /* trailers, then an empty line */
		return empty;
	default:
		r->part = CHUNK_DATA;
		if (read_length(line, 16, &r->left))
			return -EPROTO;
		if (!r->left)
			r->part = CHUNK_LAST;
		return 0;
	}
}

static int read_chunks(struct reply *r)
{
	int done = 0;

	while (!done) {
		const char *line;
		int got;

		if (r->part == CHUNK_DATA) {
			take_data(r);
			if (r->part == CHUNK_DATA)
				return 0;
		}
		got = next_line(r, &line);
		if (got <= 0)
			return got;
		done = read_line_of_chunks(r, line);
	}
	if (done == 1 && r->at < r->have) /* more than was asked for */
		r->closes = true;
	return done;
}

static int read_body(struct reply *r)
{
	size_t got = r->have - r->head;

	switch (r->how) {
	case REPLY_CHUNKS:
		return read_chunks(r);
	case REPLY_LENGTH:
		r->closes |= got > r->left;
		r->end = r->head + (got < r->left ? got : r->left);
		return got >= r->left;
	default:
		r->end = r->have;
		return 0;
	}
}

int reply_more(struct reply *r, size_t bytes)
{
	if (!bytes)
		return r->head && r->how == REPLY_TO_END ? 1 : -ECONNRESET;
	r->have += bytes;
	r->text[r->have] = '\0';
	if (!r->head && read_head(r))
		return -EPROTO;
	if (!r->head)
		return 0;
	return read_body(r);
}

bool reply_has_body(const struct reply *r)
{
	return r->head && r->end > r->head;
}

const char *reply_body(struct reply *r, size_t *length)
{
	*length = r->end - r->head;
	r->text[r->end] = '\0';
	return r->text + r->head;
}

void reply_clear(struct reply *r)
{
	*r = (struct reply){ .text = r->text, .room = r->room };
}

void reply_done(struct reply *r)
{
	free(r->text);
	*r = (struct reply){ 0 };
}
