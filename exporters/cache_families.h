/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_families: the metrics of the page cache, of the node.  Part of families.c, not a door
 * of the room.
 */
#pragma once
#include "exporters/families.h"

#define CACHE_FAMILY(name) void cache_##name(const struct snapshot *s, const struct family_sink *to)
CACHE_FAMILY(accesses);
CACHE_FAMILY(reads);
CACHE_FAMILY(misses);
CACHE_FAMILY(fills);
CACHE_FAMILY(evictions);
CACHE_FAMILY(dirtied);
CACHE_FAMILY(faults);
CACHE_FAMILY(written);
#undef CACHE_FAMILY
