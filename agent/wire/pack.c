/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/wire/pack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int make_room(struct pack *p, size_t more)
{
	size_t room = p->room ? p->room : 1024;
	char *bytes;

	if (p->room - p->size >= more)
		return 0;
	while (room - p->size < more)
		room *= 2;
	bytes = realloc(p->bytes, room);
	if (!bytes)
		return -ENOMEM;
	p->bytes = bytes;
	p->room = room;
	return 0;
}

void pack_add(struct pack *p, enum pack_kind kind, const void *bytes, size_t size)
{
	unsigned char header[PACK_HEADER] = { (unsigned char)kind, (unsigned char)size,
					      (unsigned char)(size >> 8),
					      (unsigned char)(size >> 16),
					      (unsigned char)(size >> 24) };

	if (!p->error)
		p->error = size > UINT32_MAX ? -E2BIG : make_room(p, PACK_HEADER + size);
	if (p->error)
		return;
	memcpy(p->bytes + p->size, header, PACK_HEADER);
	if (size)
		memcpy(p->bytes + p->size + PACK_HEADER, bytes, size);
	p->size += PACK_HEADER + size;
}

void pack_add_text(struct pack *p, enum pack_kind kind, const char *text)
{
	pack_add(p, kind, text, strlen(text));
}

static bool is_known(char kind)
{
	return kind && strchr("aencfxb", kind);
}

int pack_next(const char *bytes, size_t size, size_t *at, struct pack_record *ret)
{
	const unsigned char *header = (const unsigned char *)bytes + *at;
	uint32_t length;

	if (*at == size)
		return 0;
	if (size - *at < PACK_HEADER || !is_known((char)header[0]))
		return -EPROTO;
	length = (uint32_t)header[1] | (uint32_t)header[2] << 8 | (uint32_t)header[3] << 16 |
		 (uint32_t)header[4] << 24;
	if (size - *at - PACK_HEADER < length)
		return -EPROTO;
	*ret = (struct pack_record){ (enum pack_kind)header[0], bytes + *at + PACK_HEADER, length };
	*at += PACK_HEADER + length;
	return 1;
}
