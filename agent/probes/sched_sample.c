/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/sched_sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/grow.h"

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

int sched_sample_copy(struct sched_sample *to, const struct sched_sample *from)
{
	struct sched_row_sample *rows =
		grow(to->rows, &to->row_room, from->row_count, sizeof(*rows));
	struct sched_sample keep = *to;

	if (!rows) {
		to->row_count = 0;
		return -ENOMEM;
	}
	memcpy(keep.cpu, from->cpu, from->cpus * sizeof(*keep.cpu));
	if (from->row_count)
		memcpy(rows, from->rows, from->row_count * sizeof(*rows));
	*to = *from;
	to->cpu = keep.cpu;
	to->rows = rows;
	to->row_room = keep.row_room;
	return 0;
}

struct sched_row_sample *sched_sample_add_row(struct sched_sample *s)
{
	struct sched_row_sample *rows =
		grow(s->rows, &s->row_room, s->row_count + 1, sizeof(*rows));

	if (!rows)
		return NULL;
	s->rows = rows;
	s->rows[s->row_count] = (struct sched_row_sample){ 0 };
	return &s->rows[s->row_count++];
}
