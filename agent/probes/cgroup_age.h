/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_age: how old a row of cgroup_files may be told.  What a cgroup has does not change while
 * nothing runs in it; what others do to it (reclaim, a new limit) is seen when its row is too old.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "agent/base/clock.h"
#include "agent/probes/cgroup_files.h"
#include "agent/probes/cgroup_parse.h"

#define CGROUP_AGE_BRIEF_NS (10 * NS_PER_SEC) /* by then a beat has read all, in a window of 10 s */

/* Wherever there is a `last`, it is the row of the reading before, or NULL; number: its place. */

/* Who asks again and again is told what was read 10 to 15 s ago at most. */
bool cgroup_age_serves_briefly(const struct cgroup_row *last, uint64_t number, uint64_t now_ns);

/*
 * Is all of it as it was?  Nothing can have run since, nor was anything stopped in the midst of it,
 * for 2 s.  The CPU time, which this version of hierarchy tells, is always read before all else, so
 * what happens during a reading shows in the next one.
 */
bool cgroup_age_is_quiet(const struct cgroup_row *last, uint64_t now_ns, unsigned char version,
			 uint64_t usage_ns);

/*
 * Did nothing run since, nor in the time before that?  For 45 to 105 s.  By the CPU time of the
 * cgroup2 hierarchy, and by v1's where that has it, as either may have the tasks elsewhere.
 */
bool cgroup_age_is_still(const struct cgroup_row *row, const struct cgroup_row *last,
			 uint64_t number, uint64_t now_ns);

/* Is what this controller tells of a still cgroup as it was? */
bool cgroup_age_is_kept(const struct cgroup_controller *c, const struct cgroup_row *last);

/* Takes that over. */
void cgroup_age_keep(enum use_of of, struct cgroup_row *row, const struct cgroup_row *last);

/* Did its tasks run or stand still since? */
bool cgroup_age_stirred(const struct cgroup_row *row, const struct cgroup_row *last);
