/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply: one HTTP/1.1 answer, put together from the pieces in which it comes.  Pure: who reads the
 * socket puts bytes into reply_room() and says how many.  Knows Content-Length, chunks and the end
 * of a connection; no trailers' content, no codings.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct reply {
	char *text;
	size_t have, room;
	size_t head; /* where the body begins; 0: the head is not whole yet */
	int status;
	bool closes; /* the connection is of no use for another request */
	enum { REPLY_LENGTH, REPLY_CHUNKS, REPLY_TO_END } how;
	size_t end;  /* where the body, or what is known of it, ends in text */
	size_t at;   /* of chunks: what is looked at next … */
	size_t left; /* … and bytes of the chunk that are to come */
	enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_AFTER, CHUNK_LAST } part;
};

/* Where the next bytes go, at least one; NULL: no memory, or larger than any answer of ours. */
char *reply_room(struct reply *r, size_t *room);

/*
 * So many bytes more are there; 0: the other side closed.  1: it is whole; 0: more is to come;
 * -EPROTO: that is no HTTP; -ECONNRESET: it was closed before the end.
 */
int reply_more(struct reply *r, size_t bytes);

bool reply_has_body(const struct reply *r); /* its first byte is there */
/* Of a whole one; NUL-terminated, the reply's own. */
const char *reply_body(struct reply *r, size_t *length);

void reply_clear(struct reply *r); /* for the next one; keeps its room */
void reply_done(struct reply *r);
