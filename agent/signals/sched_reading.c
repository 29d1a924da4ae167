/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/sched_reading.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

bool sched_ran_backwards(const struct sched_sample *then, const struct sched_sample *now)
{
	struct hist d;

	for (size_t cpu = 0; cpu < now->cpus; cpu++)
		if (!hist_since(&d, &then->cpu[cpu].counts.wait, &now->cpu[cpu].counts.wait))
			return true;
	return false;
}

/* False, and *ret is what it was, when a counter ran backwards. */
static bool since(struct sched_counts *ret, const struct sched_counts *then,
		  const struct sched_counts *now)
{
	struct sched_counts d;
	uint64_t run_ns = then->n[SCHED_RUN_NS];
	struct sched_counts was = *then;

	/* What runs now is counted up to about now: that may be a little less than it was. */
	if (run_ns > now->n[SCHED_RUN_NS])
		was.n[SCHED_RUN_NS] = now->n[SCHED_RUN_NS];
	if (was.n[SCHED_IDLE_NS] > now->n[SCHED_IDLE_NS])
		was.n[SCHED_IDLE_NS] = now->n[SCHED_IDLE_NS];
	if (!counts_since(d.n, was.n, now->n, _SCHED_COUNT_MAX) ||
	    !hist_since(&d.wait, &was.wait, &now->wait))
		return false;
	*ret = d;
	return true;
}

static void between(struct sched_counts *ret, const struct sched_counts *then,
		    const struct sched_counts *now)
{
	if (!since(ret, then, now))
		*ret = *now;
}

static void rows_between(struct sched_sample *ret, const struct sched_sample *then)
{
	size_t from = 0;

	for (size_t i = 0; i < ret->row_count; i++) {
		const struct sched_row_sample now = ret->rows[i];
		const struct sched_row_sample *old =
			ledger_row_like(&now.of, then->rows, then->row_count, sizeof(*old), &from);

		if (old)
			between(&ret->rows[i].counts, &old->counts, &now.counts);
	}
}

/*
 * What rows that were freed since had counted in the window.  What they had before is in what is
 * gone now, too, and no news.
 */
static void gone_between(struct sched_sample *ret, const struct sched_sample *then,
			 const struct sched_sample *now)
{
	struct sched_counts was = then->gone;
	size_t from = 0;

	for (size_t i = 0; i < then->row_count; i++) {
		const struct sched_row_sample *old = &then->rows[i];
		const struct sched_row_sample *row =
			ledger_row_like(&old->of, now->rows, now->row_count, sizeof(*row), &from);

		/* Less: a dying task counted once more, and found the place that its cgroup had. */
		if (row && row->counts.n[SCHED_WAITS] >= old->counts.n[SCHED_WAITS])
			continue;
		counts_add(was.n, old->counts.n, _SCHED_COUNT_MAX);
		hist_add(&was.wait, &old->counts.wait);
	}
	if (!since(&ret->gone, &was, &now->gone))
		ret->gone = (struct sched_counts){ 0 };
}

static const struct sched_waiter_sample *find_waiter(const struct sched_sample *in,
						     const struct sched_waiter_sample *like)
{
	for (size_t i = 0; i < in->waiter_count; i++)
		if (in->waiters[i].thread == like->thread &&
		    !strcmp(in->waiters[i].name, like->name) &&
		    in->waiters[i].waits <= like->waits && in->waiters[i].wait_ns <= like->wait_ns)
			return &in->waiters[i];
	return NULL;
}

static void waiters_between(struct sched_sample *ret, const struct sched_sample *then,
			    const struct sched_sample *now)
{
	ret->waiter_count = 0;
	for (size_t i = 0; i < now->waiter_count; i++) {
		const struct sched_waiter_sample *old = find_waiter(then, &now->waiters[i]);
		struct sched_waiter_sample w = now->waiters[i];

		if (old) {
			w.waits -= old->waits;
			w.wait_ns -= old->wait_ns;
		}
		if (w.waits)
			ret->waiters[ret->waiter_count++] = w;
	}
}

int sched_reading_between(struct sched_sample *ret, const struct sched_sample *then,
			  const struct sched_sample *now)
{
	int r;

	if (sched_ran_backwards(then, now))
		return -ESTALE;
	r = sched_sample_copy(ret, now);
	if (r)
		return r;
	for (size_t cpu = 0; cpu < now->cpus; cpu++)
		between(&ret->cpu[cpu].counts, &then->cpu[cpu].counts, &now->cpu[cpu].counts);
	rows_between(ret, then);
	gone_between(ret, then, now);
	waiters_between(ret, then, now);
	return 0;
}
