/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cgroup_age.h"

#include <string.h>

#define QUIET_NS        (2 * NS_PER_SEC)
#define BRIEF_SPREAD_NS (5 * NS_PER_SEC)
#define STILL_NS        (45 * NS_PER_SEC)
#define STILL_SPREAD_NS (60 * NS_PER_SEC)

/* Each row another part of a while, so that they do not all grow old at once: in steps of the
 * golden section these lie evenly, for any number. */
static uint64_t part_of(uint64_t spread_ns, uint64_t number)
{
	return number * (spread_ns / 1000 * 618) % spread_ns;
}

bool cgroup_age_serves_briefly(const struct cgroup_row *last, uint64_t number, uint64_t now_ns)
{
	return last &&
	       now_ns - last->read_ns < CGROUP_AGE_BRIEF_NS + part_of(BRIEF_SPREAD_NS, number);
}

bool cgroup_age_is_quiet(const struct cgroup_row *last, uint64_t now_ns, unsigned char version,
			 uint64_t usage_ns)
{
	return last && !last->stirred && !last->brief && now_ns - last->read_ns < QUIET_NS &&
	       last->use.version[USE_CPU] == version && last->use.cpu.usage_ns == usage_ns;
}

bool cgroup_age_is_still(const struct cgroup_row *row, const struct cgroup_row *last,
			 uint64_t number, uint64_t now_ns)
{
	return row && last && !last->stirred && row->ran_known && last->ran_known &&
	       row->ran_ns == last->ran_ns && row->use.cpu.usage_ns == last->use.cpu.usage_ns &&
	       now_ns - last->still_ns < STILL_NS + part_of(STILL_SPREAD_NS, number);
}

/*
 * Tasks that have not run were not kept from anything either, but for one that was woken and got no
 * CPU at all.  v1 books an IO to a cgroup when one of its tasks makes it, where v2 does so for what
 * is written back later as well; of a cgroup that never ran in cgroup2 the tasks may be v1's only.
 */
bool cgroup_age_is_kept(const struct cgroup_controller *c, const struct cgroup_row *last)
{
	if (c->of == USE_IO)
		return c->version == 1 && !last->brief && last->ran_ns;
	return c->of == USE_PRESSURE && last->use.version[USE_PRESSURE];
}

void cgroup_age_keep(enum use_of of, struct cgroup_row *row, const struct cgroup_row *last)
{
	row->still_ns = last->still_ns;
	row->use.version[of] = last->use.version[of];
	if (of == USE_IO)
		row->use.io = last->use.io;
	else
		memcpy(row->use.pressure, last->use.pressure, sizeof(row->use.pressure));
}

bool cgroup_age_stirred(const struct cgroup_row *row, const struct cgroup_row *last)
{
	bool stirred = !last || row->ran_ns != last->ran_ns ||
		       row->use.cpu.usage_ns != last->use.cpu.usage_ns;

	for (int of = 0; last && of < _PRESSURE_MAX; of++)
		stirred |= row->use.pressure[of].some_ns != last->use.pressure[of].some_ns;
	return stirred;
}
