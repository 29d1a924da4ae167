/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/window.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"
#include "agent/probes/sample.h"
#include "agent/signals/sched_reading.h"

/*
 * Kept samples, spread evenly over a window whatever its length: memory stays bounded, and a
 * window's begin is off by at most 1/11 of it (it never is while samples are no denser, as with
 * the defaults).
 */
#define KEPT 12

struct window {
	uint64_t length_ns;
	size_t count, newest;
	struct sample *kept[KEPT]; /* a ring; the newest is the last fed */
};

int window_new(struct window **ret, size_t cpus, uint64_t length_ns)
{
	CLEANUP(window_freep) struct window *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->length_ns = length_ns;
	for (int i = 0; i < KEPT; i++)
		if (sample_new(&w->kept[i], cpus))
			return -ENOMEM;
	*ret = TAKE(w);
	return 0;
}

struct window *window_free(struct window *w)
{
	if (w)
		for (int i = 0; i < KEPT; i++)
			sample_free(w->kept[i]);
	free(w);
	return NULL;
}

void window_freep(struct window **w)
{
	*w = window_free(*w);
}

void window_set_length(struct window *w, uint64_t length_ns)
{
	w->length_ns = length_ns;
}

static struct sample *back(const struct window *w, size_t n)
{
	return w->kept[(w->newest + KEPT - n) % KEPT];
}

int window_feed(struct window *w, const struct sample *sample)
{
	bool stale = w->count && (sample->when_ns <= back(w, 0)->when_ns ||
				  sched_ran_backwards(back(w, 0)->sched, sample->sched));
	int r;

	if (stale)
		w->count = 0;
	/* The newest is replaced while it is too near to the one before to be worth keeping. */
	if (w->count < 2 ||
	    back(w, 0)->when_ns - back(w, 1)->when_ns >= w->length_ns / (KEPT - 1)) {
		w->newest = (w->newest + 1) % KEPT;
		if (w->count < KEPT)
			w->count++;
	}
	r = sample_copy(back(w, 0), sample);
	return r ? r : stale ? -ESTALE : 0;
}

const struct sample *window_last(const struct window *w)
{
	return w->count ? back(w, 0) : NULL;
}

bool window_ends(const struct window *w, const struct sample **then, const struct sample **now)
{
	if (w->count < 2)
		return false;
	*now = back(w, 0);
	/* The latest that is a window old, else the oldest there is. */
	for (size_t n = 1; n < w->count; n++) {
		*then = back(w, n);
		if ((*now)->when_ns - (*then)->when_ns >= w->length_ns)
			break;
	}
	return true;
}
