/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/sample_losses.h"

#include "agent/probes/sample.h"
#include "agent/snapshot/lost.h"
#include "bpf/lib/ledger.h"

/* Of the row that those share who found none of their own; it is the first, where it is read. */
static uint64_t sched_without_row(const struct sched_sample *s)
{
	bool other = s->row_count && s->rows[0].of.row == FL_LEDGER_OTHER;

	return other ? s->rows[0].counts.n[SCHED_WAITS] : 0;
}

static uint64_t cache_without_row(const struct cache_sample *s)
{
	uint64_t n = 0;

	for (int what = 0; s->row_count && what < _CACHE_COUNT_MAX; what++)
		n += s->rows[0].of.row == FL_LEDGER_OTHER ? s->rows[0].n[what] : 0;
	return n;
}

static uint64_t absences_lost(const struct sched_sample *s)
{
	uint64_t n = 0;

	for (size_t cpu = 0; cpu < s->cpus; cpu++)
		n += s->cpu[cpu].counts.n[SCHED_LOST];
	return n;
}

static uint64_t waits_without_row(const struct sched_sample *s)
{
	for (size_t i = 0; i < s->waiter_count; i++)
		if (!s->waiters[i].thread)
			return s->waiters[i].waits;
	return 0;
}

void sample_losses(const struct sample *s, struct losses *to)
{
	losses_add(to, "sched_rows", sched_without_row(s->sched));
	losses_add(to, "sched_absences", absences_lost(s->sched));
	losses_add(to, "sched_waiter_rows", waits_without_row(s->sched));
	losses_add(to, "cache_rows", cache_without_row(&s->cache));
	losses_add(to, "disk_rows", s->disk.no_device_row);
	losses_add(to, "disk_cgroup_rows", s->disk.no_cgroup_row);
	losses_add(to, "disk_untimed", s->disk.untimed);
	losses_add(to, "disk_bio_rows", s->disk.lost_bios);
	losses_add(to, "disk_bio_times", s->disk.lost_times);
}
