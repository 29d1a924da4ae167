/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/sched_sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AT_ONCE 32

int sched_sample_new(struct sched_sample **ret, size_t cpus)
{
	struct sched_sample *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cpu = calloc(cpus, sizeof(*s->cpu));
	if (!s->cpu) {
		free(s);
		return -ENOMEM;
	}
	s->cpus = cpus;
	*ret = s;
	return 0;
}

struct sched_sample *sched_sample_free(struct sched_sample *s)
{
	if (s) {
		free(s->cpu);
		free(s->rows);
	}
	free(s);
	return NULL;
}

void sched_sample_freep(struct sched_sample **s)
{
	*s = sched_sample_free(*s);
}

/* Room follows what is needed, both ways: many samples are kept. */
static int make_room(struct sched_sample *s, size_t rows)
{
	size_t room = (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE * ROWS_AT_ONCE;
	struct sched_row_sample *grown;

	if (rows <= s->row_room && s->row_room <= room + ROWS_AT_ONCE)
		return 0;
	grown = realloc(s->rows, (room ? room : 1) * sizeof(*s->rows));
	if (!grown)
		return -ENOMEM;
	s->rows = grown;
	s->row_room = room;
	return 0;
}

int sched_sample_copy(struct sched_sample *to, const struct sched_sample *from)
{
	struct sched_sample keep = *to;

	to->row_count = 0;
	if (make_room(to, from->row_count))
		return -ENOMEM;
	keep.rows = to->rows;
	keep.row_room = to->row_room;
	memcpy(keep.cpu, from->cpu, from->cpus * sizeof(*keep.cpu));
	if (from->row_count)
		memcpy(keep.rows, from->rows, from->row_count * sizeof(*keep.rows));
	*to = *from;
	to->cpu = keep.cpu;
	to->rows = keep.rows;
	to->row_room = keep.row_room;
	return 0;
}

struct sched_row_sample *sched_sample_add_row(struct sched_sample *s)
{
	if (s->row_count == s->row_room && make_room(s, s->row_count + 1))
		return NULL;
	s->rows[s->row_count] = (struct sched_row_sample){ 0 };
	return &s->rows[s->row_count++];
}
