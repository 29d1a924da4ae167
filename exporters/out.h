/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out: bytes that grow, and numbers as text.  A scrape writes thousands of numbers, nearly all
 * of them whole or nanoseconds told in seconds: those are written by digits, exactly, and only
 * the rest by printf().  Running out of memory is noted once and asked for at the end.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct out {
	char *data; /* owned, not NUL-terminated; NULL when empty */
	size_t size, room;
	bool failed; /* something is missing */
};

enum { OUT_DIGITS = 20 }; /* of 2^64 */

void out_free(struct out *o); /* empty and usable again afterwards */
void out_trim(struct out *o); /* keeps no more memory than it has bytes */

void out_again(struct out *o, size_t from, size_t size); /* bytes of its own, once more */
size_t out_digits(char ret[OUT_DIGITS], uint64_t n);     /* no NUL; how many they are */
void out_count(struct out *o, uint64_t n);
void out_number(struct out *o, double n); /* finite */

/* Room for so many bytes more behind the last, or NULL. */
char *out_room(struct out *o, size_t size);

static inline void out_bytes(struct out *o, const void *bytes, size_t size)
{
	char *at = o->room - o->size > size ? o->data + o->size : out_room(o, size);

	if (!at || !size)
		return;
	memcpy(at, bytes, size);
	o->size += size;
}

static inline void out_text(struct out *o, const char *text)
{
	out_bytes(o, text, strlen(text));
}
