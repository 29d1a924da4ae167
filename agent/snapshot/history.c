/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/history.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"

const unsigned int history_mean_seconds[] = { 10, 60 };

int history_snapshot_new(struct history_snapshot **ret, size_t series, size_t points)
{
	CLEANUP(history_snapshot_freep) struct history_snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->series = calloc(series + 1, sizeof(*s->series));
	s->values = calloc(series * points + 1, sizeof(*s->values));
	if (!s->series || !s->values)
		return -ENOMEM;
	s->count = series;
	s->points = points;
	*ret = TAKE(s);
	return 0;
}

struct history_snapshot *history_snapshot_free(struct history_snapshot *s)
{
	if (s) {
		free(s->series);
		free(s->values);
	}
	free(s);
	return NULL;
}

void history_snapshot_freep(struct history_snapshot **s)
{
	*s = history_snapshot_free(*s);
}
