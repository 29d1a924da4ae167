/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/body.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1024u /* most jobs are a few lines */

static bool make_room(struct body *b, size_t size)
{
	size_t room = b->room ? b->room : FIRST_ROOM;
	char *bytes;

	while (room <= b->size + size)
		room *= 2;
	if (room == b->room)
		return true;
	b->too_many = *b->held + room - b->room > b->held_most;
	bytes = b->too_many ? NULL : realloc(b->bytes, room);
	if (!bytes)
		return false;
	*b->held += room - b->room;
	b->bytes = bytes;
	b->room = room;
	return true;
}

void body_add(struct body *b, const void *bytes, size_t size)
{
	if (b->too_large || b->too_many || b->failed)
		return;
	b->too_large = size > b->most - b->size;
	b->failed = !b->too_large && !make_room(b, size);
	if (b->too_large || b->failed) {
		body_drop(b);
		return;
	}
	memcpy(b->bytes + b->size, bytes, size);
	b->size += size;
}

char *body_take(struct body *b)
{
	char *bytes = b->bytes ? b->bytes : malloc(1); /* one without any is a body, too */

	*b->held -= b->room;
	b->bytes = NULL;
	b->room = 0;
	return bytes;
}

void body_drop(struct body *b)
{
	*b->held -= b->room;
	free(b->bytes);
	b->bytes = NULL;
	b->size = b->room = 0;
}
