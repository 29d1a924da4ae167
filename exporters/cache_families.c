/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/cache_families.h"

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"

#define OF_CACHE(name, count)                                                                      \
	void name(snap *s, sink *to)                                                               \
	{                                                                                          \
		if (s->cache_measured)                                                             \
			value(to, NO_LABELS, (double)s->cache_total[count]);                       \
	}
OF_CACHE(cache_accesses, CACHE_ACCESSES)
OF_CACHE(cache_reads, CACHE_READS)
OF_CACHE(cache_misses, CACHE_MISSES)
OF_CACHE(cache_fills, CACHE_FILLS)
OF_CACHE(cache_evictions, CACHE_EVICTIONS)
OF_CACHE(cache_dirtied, CACHE_DIRTIED)
OF_CACHE(cache_faults, CACHE_FAULTS)

void cache_written(snap *s, sink *to)
{
	if (s->cache_measured)
		value(to, NO_LABELS, (double)s->memory.written_pages);
}
