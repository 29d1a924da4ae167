/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/text_index.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int text_index_init(struct text_index *ret, size_t texts)
{
	size_t slots = 16;

	while (slots < texts * 2) /* at most half full: a search ends soon */
		slots *= 2;
	*ret = (struct text_index){ .slots = calloc(slots, sizeof(*ret->slots)),
				    .mask = slots - 1 };
	return ret->slots ? 0 : -ENOMEM;
}

void text_index_clear(struct text_index *ix)
{
	free(ix->slots);
	*ix = (struct text_index){ 0 };
}

/* Its slot, or the free one where it would be.  FNV-1a. */
static struct text_row *slot_of(const struct text_index *ix, const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	for (const char *c = text; *c; c++)
		h = (h ^ (unsigned char)*c) * 0x100000001b3;
	h ^= h >> 32;
	while (ix->slots[h & ix->mask].text && strcmp(ix->slots[h & ix->mask].text, text))
		h++;
	return &ix->slots[h & ix->mask];
}

size_t text_index_find(const struct text_index *ix, const char *text)
{
	const struct text_row *slot = slot_of(ix, text);

	return slot->text ? slot->row : TEXT_INDEX_NONE;
}

void text_index_add(struct text_index *ix, const char *text, size_t row)
{
	*slot_of(ix, text) = (struct text_row){ text, row };
}
