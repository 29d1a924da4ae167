/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/cache_reading.h"

#include <string.h>

/* Pages that each CPU may have counted without telling yet (the kernel's stat_threshold). */
#define LAG_PAGES 256

/* As with sched: what freed rows had counted before the window is in what is gone, and no news. */
static void gone_between(struct cache_sample *ret, const struct cache_sample *then,
			 const struct cache_sample *now)
{
	uint64_t was[_CACHE_COUNT_MAX];
	size_t from = 0;

	memcpy(was, then->gone, sizeof(was));
	for (size_t i = 0; i < then->row_count; i++) {
		const struct cache_row_sample *old = &then->rows[i];
		const struct cache_row_sample *row =
			ledger_row_like(&old->of, now->rows, now->row_count, sizeof(*row), &from);
		uint64_t d[_CACHE_COUNT_MAX];

		if (!row || !counts_since(d, old->n, row->n, _CACHE_COUNT_MAX))
			counts_add(was, old->n, _CACHE_COUNT_MAX);
	}
	if (!counts_since(ret->gone, was, now->gone, _CACHE_COUNT_MAX))
		memset(ret->gone, 0, sizeof(ret->gone));
}

int cache_reading_between(struct cache_sample *ret, const struct cache_sample *then,
			  const struct cache_sample *now)
{
	size_t from = 0;
	int r = cache_sample_copy(ret, now);

	if (r)
		return r;
	counts_since(ret->node, then->node, now->node, _CACHE_COUNT_MAX);
	for (size_t i = 0; i < now->row_count; i++) {
		const struct cache_row_sample *row = &now->rows[i];
		const struct cache_row_sample *old =
			ledger_row_like(&row->of, then->rows, then->row_count, sizeof(*old), &from);

		if (old)
			counts_since(ret->rows[i].n, old->n, row->n, _CACHE_COUNT_MAX);
	}
	gone_between(ret, then, now);
	return 0;
}

struct cache_check cache_check(const struct cache_sample *then, const struct memory *kernel_then,
			       const struct cache_sample *now, const struct memory *kernel_now,
			       size_t cpus)
{
	struct cache_check c = { .known = kernel_then->file_known && kernel_now->file_known };
	uint64_t n[_CACHE_COUNT_MAX];

	c.known &= counts_since(n, then->node, now->node, _CACHE_COUNT_MAX);
	c.pages = n[CACHE_FILLS] + n[CACHE_EVICTIONS] + n[CACHE_DIRTIED];
	c.resident_off = (int64_t)(n[CACHE_FILLS] - n[CACHE_EVICTIONS]) -
			 (int64_t)(kernel_now->file_pages - kernel_then->file_pages);
	c.dirtied_off = (int64_t)n[CACHE_DIRTIED] -
			(int64_t)(kernel_now->dirtied_pages - kernel_then->dirtied_pages);
	c.allowed = c.pages / 100 + cpus * LAG_PAGES;
	return c;
}

static bool within(int64_t off, uint64_t allowed)
{
	return (uint64_t)(off < 0 ? -off : off) <= allowed;
}

bool cache_check_holds(const struct cache_check *c)
{
	return within(c->resident_off, c->allowed) && within(c->dirtied_off, c->allowed);
}
