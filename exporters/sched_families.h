/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched_families: the metrics of the scheduler, node and CPUs.  Part of families.c, not a door
 * of the room.
 */
#pragma once
#include "exporters/families.h"

#define SCHED_FAMILY(name) void sched_##name(const struct snapshot *s, const struct family_sink *to)
SCHED_FAMILY(wait);
SCHED_FAMILY(switches);
SCHED_FAMILY(preemptions);
SCHED_FAMILY(wakeups);
SCHED_FAMILY(run);
SCHED_FAMILY(idle);
SCHED_FAMILY(off_cpu);
SCHED_FAMILY(migrations);
SCHED_FAMILY(tasks);
SCHED_FAMILY(queued);
#undef SCHED_FAMILY
