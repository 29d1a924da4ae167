/* SPDX-License-Identifier: Apache-2.0 */
/* cache_sample: what the page cache's probe counted since load, at one moment.  Plain values. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/probes/ledger_row.h"
#include "agent/probes/self_sample.h"
#include "agent/snapshot/counts.h"

struct cache_sample {
	uint64_t node[_CACHE_COUNT_MAX];
	size_t row_count, row_room;
	struct cache_row_sample {
		struct ledger_row of;
		uint64_t n[_CACHE_COUNT_MAX];
	} *rows;                         /* owned */
	uint64_t gone[_CACHE_COUNT_MAX]; /* what freed rows had counted */
	struct self_sample self;
};

void cache_sample_clear(struct cache_sample *s); /* frees what it owns; all zero afterwards */
void cache_sample_empty(struct cache_sample *s); /* keeps the room for rows */
/* -ENOMEM leaves *to without rows. */
int cache_sample_copy(struct cache_sample *to, const struct cache_sample *from);

/* One more row, all zero; NULL when out of memory. */
struct cache_row_sample *cache_sample_add_row(struct cache_sample *s);
/* No more room than for a few rows more, where there were many more before. */
void cache_sample_trim(struct cache_sample *s);
