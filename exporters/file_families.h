/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_families: what the rows of the metric table collect that come from the kernel's own
 * files.  Part of families.c, not a door of the room.
 */
#pragma once
#include "exporters/families.h"

#define FILE_FAMILY(name) void file_##name(const struct snapshot *s, const struct family_sink *to)
FILE_FAMILY(cpu);
FILE_FAMILY(load);
FILE_FAMILY(context_switches);
FILE_FAMILY(interrupts);
FILE_FAMILY(forks);
FILE_FAMILY(tasks);
FILE_FAMILY(boot_time);
FILE_FAMILY(open_files);
FILE_FAMILY(faults);
FILE_FAMILY(paged);
FILE_FAMILY(swapped);
FILE_FAMILY(scanned);
FILE_FAMILY(reclaimed);
FILE_FAMILY(huge_pages);
FILE_FAMILY(ksm_pages);
FILE_FAMILY(ksm_scans);
FILE_FAMILY(zram_bytes);
FILE_FAMILY(zram_failed);
FILE_FAMILY(filesystem_bytes);
FILE_FAMILY(filesystem_inodes);
FILE_FAMILY(filesystem_readonly);
FILE_FAMILY(disk_busy);
FILE_FAMILY(not_read);
FILE_FAMILY(hierarchy);
FILE_FAMILY(cgroup_cpu);
FILE_FAMILY(cgroup_throttled);
FILE_FAMILY(cgroup_memory);
FILE_FAMILY(cgroup_oom_kills);
FILE_FAMILY(cgroup_pressure);
#undef FILE_FAMILY

struct memory;

/* More states of fairlead_memory_bytes. */
void file_memory(const struct memory *m, const struct family_sink *to);
