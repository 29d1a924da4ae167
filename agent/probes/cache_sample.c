/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cache_sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/grow.h"

void cache_sample_clear(struct cache_sample *s)
{
	free(s->rows);
	*s = (struct cache_sample){ 0 };
}

void cache_sample_empty(struct cache_sample *s)
{
	*s = (struct cache_sample){ .rows = s->rows, .row_room = s->row_room };
}

int cache_sample_copy(struct cache_sample *to, const struct cache_sample *from)
{
	struct cache_row_sample *rows =
		grow(to->rows, &to->row_room, from->row_count, sizeof(*rows));
	size_t room = to->row_room;

	if (!rows) {
		to->row_count = 0;
		return -ENOMEM;
	}
	if (from->row_count)
		memcpy(rows, from->rows, from->row_count * sizeof(*rows));
	*to = *from;
	to->rows = rows;
	to->row_room = room;
	return 0;
}

struct cache_row_sample *cache_sample_add_row(struct cache_sample *s)
{
	struct cache_row_sample *rows = s->rows;

	if (s->row_count == s->row_room) /* what an emptied sample has is not given back here */
		rows = grow(rows, &s->row_room, s->row_count + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	s->rows = rows;
	s->rows[s->row_count] = (struct cache_row_sample){ 0 };
	return &s->rows[s->row_count++];
}

void cache_sample_trim(struct cache_sample *s)
{
	struct cache_row_sample *rows = grow(s->rows, &s->row_room, s->row_count, sizeof(*rows));

	if (rows)
		s->rows = rows;
}
