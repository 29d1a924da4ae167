/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_families: the metrics of cgroups that BPF counts; file_families has those of their
 * own files.  Part of families.c, not a door of the room.
 */
#pragma once
#include "exporters/families.h"

#define CGROUP_FAMILY(name)                                                                        \
	void cgroup_##name(const struct snapshot *s, const struct family_sink *to)
CGROUP_FAMILY(cache_accesses);
CGROUP_FAMILY(cache_misses);
CGROUP_FAMILY(cache_fills);
CGROUP_FAMILY(cache_evictions);
CGROUP_FAMILY(cache_dirtied);
CGROUP_FAMILY(wait);
CGROUP_FAMILY(switches);
CGROUP_FAMILY(run);
CGROUP_FAMILY(off_cpu);
CGROUP_FAMILY(migrations);
CGROUP_FAMILY(ios);
CGROUP_FAMILY(bytes);
#undef CGROUP_FAMILY
