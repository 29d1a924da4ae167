/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/sched_signal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"

/*
 * Kept samples, spread evenly over a window whatever its length: memory stays bounded, and a
 * window's begin is off by at most 1/15 of it (it never is while samples are no denser).
 */
#define KEPT 16

struct sched_signal {
	uint64_t window_ns;
	size_t count, newest;
	struct sched_sample *kept[KEPT]; /* a ring; the newest is the last fed */
	struct hist *cpu_room;
	struct sched_reading reading;
};

int sched_signal_new(struct sched_signal **ret, size_t cpus, uint64_t window_ns)
{
	CLEANUP(sched_signal_freep) struct sched_signal *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->window_ns = window_ns;
	s->cpu_room = calloc(cpus, sizeof(*s->cpu_room));
	if (!s->cpu_room)
		return -ENOMEM;
	for (int i = 0; i < KEPT; i++)
		if (sched_sample_new(&s->kept[i], cpus))
			return -ENOMEM;
	*ret = TAKE(s);
	return 0;
}

struct sched_signal *sched_signal_free(struct sched_signal *s)
{
	if (s) {
		for (int i = 0; i < KEPT; i++)
			sched_sample_free(s->kept[i]);
		free(s->cpu_room);
	}
	free(s);
	return NULL;
}

void sched_signal_freep(struct sched_signal **s)
{
	*s = sched_signal_free(*s);
}

void sched_signal_set_window(struct sched_signal *s, uint64_t window_ns)
{
	s->window_ns = window_ns;
}

static struct sched_sample *back(struct sched_signal *s, size_t n)
{
	return s->kept[(s->newest + KEPT - n) % KEPT];
}

static int ran_backwards(const struct sched_sample *then, const struct sched_sample *now)
{
	struct hist d;

	for (size_t cpu = 0; cpu < now->cpus; cpu++)
		if (!hist_since(&d, &then->cpu[cpu], &now->cpu[cpu]))
			return 1;
	return now->when_ns <= then->when_ns;
}

int sched_signal_feed(struct sched_signal *s, const struct sched_sample *sample)
{
	int stale = s->count && ran_backwards(back(s, 0), sample);

	if (stale)
		s->count = 0;
	/* The newest is replaced while it is too near to the one before to be worth keeping. */
	if (s->count < 2 ||
	    back(s, 0)->when_ns - back(s, 1)->when_ns >= s->window_ns / (KEPT - 1)) {
		s->newest = (s->newest + 1) % KEPT;
		if (s->count < KEPT)
			s->count++;
	}
	sched_sample_copy(back(s, 0), sample);
	return stale ? -ESTALE : 0;
}

static struct sched_row row_between(const struct sched_count *then, const struct sched_count *now)
{
	struct sched_row row = { .id = now->id,
				 .waits_total = now->waits,
				 .wait_ns_total = now->wait_ns };
	/* A row that changed hands counts from zero. */
	int same =
		then->id == now->id && then->waits <= now->waits && then->wait_ns <= now->wait_ns;

	row.waits = now->waits - (same ? then->waits : 0);
	row.wait_ns = now->wait_ns - (same ? then->wait_ns : 0);
	return row;
}

int sched_reading_between(struct sched_reading *ret, struct hist *cpu_room,
			  const struct sched_sample *then, const struct sched_sample *now)
{
	if (ran_backwards(then, now))
		return -ESTALE;
	ret->window_ns = now->when_ns - then->when_ns;
	ret->cpus = now->cpus;
	ret->cpu = cpu_room;
	ret->cpu_total = now->cpu;
	for (size_t cpu = 0; cpu < now->cpus; cpu++)
		hist_since(&cpu_room[cpu], &then->cpu[cpu], &now->cpu[cpu]);
	ret->rows = 0;
	for (size_t i = 0; i < FL_LEDGER_ROWS; i++) {
		struct sched_row row;

		if (i != FL_LEDGER_OTHER && !now->rows[i].id)
			continue;
		row = row_between(&then->rows[i], &now->rows[i]);
		if (i == FL_LEDGER_OTHER) { /* what dead cgroups had counted: total, not news */
			row.waits_total += now->gone.waits;
			row.wait_ns_total += now->gone.wait_ns;
		}
		if (row.waits_total)
			ret->row[ret->rows++] = row;
	}
	return 0;
}

const struct sched_reading *sched_signal_read(struct sched_signal *s)
{
	const struct sched_sample *now = back(s, 0), *then = NULL;

	/* The latest that is a window old, else the oldest there is. */
	for (size_t n = 1; n < s->count; n++) {
		then = back(s, n);
		if (now->when_ns - then->when_ns >= s->window_ns)
			break;
	}
	if (!then || sched_reading_between(&s->reading, s->cpu_room, then, now))
		return NULL;
	return &s->reading;
}
