/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/sweep.h"

#include "agent/api/compose.h"
#include "agent/api/subjects.h"
#include "agent/probes/cache_read.h"
#include "agent/probes/cgroup_names.h"
#include "agent/probes/disk_names.h"
#include "agent/probes/disk_read.h"
#include "agent/probes/sample.h"
#include "agent/probes/sched_read.h"

/* Where all of the node's tree is in sight, who is not there is gone. */
static bool knows_all(const struct cgroup_names *names)
{
	return names && cgroup_names_whole(names);
}

static void sweep_sched(struct sched_read *r, const struct sched_sample *s,
			const struct cgroup_names *names)
{
	for (size_t i = 0; i < s->row_count; i++) {
		uint64_t id = s->rows[i].of.cgroup;

		if (id && !cgroup_names_find(names, id))
			sched_read_forget(r, id);
	}
}

static void sweep_cache(struct cache_read *r, const struct cache_sample *s,
			const struct cgroup_names *names)
{
	for (size_t i = 0; i < s->row_count; i++) {
		uint64_t id = s->rows[i].of.cgroup;

		if (id && !cgroup_names_find(names, id))
			cache_read_forget(r, id);
	}
}

static void sweep_disk(struct disk_read *r, const struct disk_sample *s,
		       const struct cgroup_names *names)
{
	char name[DISK_NAME];

	for (size_t i = 0; i < s->share_count; i++) {
		uint64_t id = s->shares[i].cgroup;

		if (id && id != DISK_CGROUPS_GONE && !cgroup_names_find(names, id))
			disk_read_forget_cgroup(r, id);
	}
	for (size_t i = 0; i < s->device_count; i++)
		if (s->devices[i].number && !disk_name("", s->devices[i].number, name))
			disk_read_forget_device(r, s->devices[i].number);
}

void sweep_rows(const struct subjects *of, const struct compose_names *names,
		const struct sample *last)
{
	bool all = knows_all(names->cgroups);

	if (of->sched)
		sched_read_forget_waiters(of->sched);
	if (of->sched && all)
		sweep_sched(of->sched, last->sched, names->cgroups);
	if (of->cache && all)
		sweep_cache(of->cache, &last->cache, names->cgroups);
	if (of->disk && (names->blkio ? knows_all(names->blkio) : all))
		sweep_disk(of->disk, &last->disk, names->blkio ? names->blkio : names->cgroups);
}
