/* SPDX-License-Identifier: Apache-2.0 */
/* What two samples say of the time between them. */
#include <math.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/probes/sample.h"
#include "agent/signals/disk_reading.h"
#include "agent/signals/history_room.h"
#include "agent/signals/sched_reading.h"

static double rate(uint64_t count, const struct interval *i)
{
	return (double)count / i->seconds;
}

/* Of a time in nanoseconds: seconds a second. */
static double share(uint64_t ns, const struct interval *i)
{
	return rate(ns, i) / NS_PER_SEC;
}

static uint64_t grown(uint64_t then, uint64_t now)
{
	return now > then ? now - then : 0;
}

static void read_cpus(struct interval *i, const struct sched_sample *then,
		      const struct sched_sample *now)
{
	uint64_t run = 0, idle = 0, wait = 0, switches = 0;

	for (size_t cpu = 0; cpu < now->cpus; cpu++) {
		const struct sched_counts *was = &then->cpu[cpu].counts,
					  *is = &now->cpu[cpu].counts;
		struct hist waits;

		run += grown(was->n[SCHED_RUN_NS], is->n[SCHED_RUN_NS]);
		idle += grown(was->n[SCHED_IDLE_NS], is->n[SCHED_IDLE_NS]);
		wait += grown(was->n[SCHED_WAIT_NS], is->n[SCHED_WAIT_NS]);
		switches += grown(was->n[SCHED_SWITCHES], is->n[SCHED_SWITCHES]);
		hist_since(&waits, &was->wait, &is->wait);
		hist_add(&i->waits, &waits);
	}
	if (run + idle)
		i->value[CPU_BUSY] = (double)run / (double)(run + idle);
	i->value[RUN_QUEUE_WAIT] = share(wait, i);
	i->value[SWITCHES] = rate(switches, i);
}

static void read_cgroups(struct history *h, struct interval *i, const struct sched_sample *then,
			 const struct sched_sample *now)
{
	static const uint64_t nothing[_SCHED_COUNT_MAX];
	size_t from = 0;

	for (size_t n = 0; n < now->row_count; n++) {
		const struct sched_row_sample *is = &now->rows[n];
		const struct sched_row_sample *was =
			ledger_row_like(&is->of, then->rows, then->row_count, sizeof(*was), &from);
		const uint64_t *before = was ? was->counts.n : nothing;
		double run = share(grown(before[SCHED_RUN_NS], is->counts.n[SCHED_RUN_NS]), i);
		double wait = share(grown(before[SCHED_WAIT_NS], is->counts.n[SCHED_WAIT_NS]), i);
		struct history_place *p;
		size_t place;

		if (!is->of.cgroup)
			continue;
		p = history_cgroup_place(h, is->of.cgroup, run + wait);
		if (!p)
			continue;
		p->seen = h->second;
		place = (size_t)(p - h->cgroups);
		i->value[cgroup_series(place, CGROUP_RUN)] = run;
		i->value[cgroup_series(place, CGROUP_WAIT)] = wait;
		/* an earlier owner may have left his in this interval */
		i->value[cgroup_series(place, CGROUP_DISK_BYTES)] = NAN;
	}
}

static void read_shares(struct history *h, struct interval *i, const struct disk_sample *window)
{
	for (size_t place = 0; place < HISTORY_CGROUPS; place++)
		if (!isnan(i->value[cgroup_series(place, CGROUP_RUN)]))
			i->value[cgroup_series(place, CGROUP_DISK_BYTES)] = 0;
	for (size_t n = 0; n < window->share_count; n++) {
		const struct disk_share *s = &window->shares[n];
		struct history_place *p =
			s->cgroup ? history_find_place(h->cgroups, HISTORY_CGROUPS, s->cgroup)
				  : NULL;

		for (int op = 0; p && op < FL_DISK_OPS; op++)
			i->value[cgroup_series((size_t)(p - h->cgroups), CGROUP_DISK_BYTES)] +=
				rate(s->op[op].bytes, i);
	}
}

static void read_disk(struct history *h, struct interval *i, const struct disk_device_sample *d,
		      bool restarted)
{
	uint64_t bytes = 0, ios = 0;
	struct hist device = { 0 };
	struct history_place *p;
	size_t place;

	for (int op = 0; op < FL_DISK_OPS; op++) {
		bytes += d->op[op].bytes;
		ios += d->op[op].ios;
		hist_add(&device, &d->op[op].device);
	}
	p = history_disk_place(h, d->number, restarted ? 0 : rate(bytes + ios, i));
	if (!p)
		return;
	place = (size_t)(p - h->disks);
	if (!p->seen) /* whose place it was may have left something */
		h->device[place] = (struct hist){ 0 };
	p->seen = h->second;
	i->value[disk_series(place, DISK_BYTES)] = restarted ? NAN : rate(bytes, i);
	i->value[disk_series(place, DISK_IOS)] = restarted ? NAN : rate(ios, i);
	i->device[place] = restarted ? (struct hist){ 0 } : device;
}

static int read_disks(struct history *h, struct interval *i, const struct history_known *known,
		      const struct disk_sample *then, const struct disk_sample *now)
{
	CLEANUP(disk_sample_clear) struct disk_sample window = { 0 };
	int r = disk_reading_between(&window, then, now);

	if (r)
		return r;
	for (size_t n = 0; n < window.device_count; n++)
		if (window.devices[n].number)
			read_disk(h, i, &window.devices[n], disk_restarted(then, &now->devices[n]));
	if (known->shares && known->cgroups)
		read_shares(h, i, &window);
	return 0;
}

static void read_cache(struct interval *i, const struct cache_sample *then,
		       const struct cache_sample *now)
{
	uint64_t n[_CACHE_COUNT_MAX];

	if (!counts_since(n, then->node, now->node, _CACHE_COUNT_MAX))
		return;
	i->value[PAGE_FILLS] = rate(n[CACHE_FILLS], i);
	i->value[DEMAND_MISSES] = rate(n[CACHE_MISSES], i);
}

static const struct interface *find_interface(const struct network *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (!strcmp(n->interfaces[i].name, name))
			return &n->interfaces[i];
	return NULL;
}

/* What an interface that is new here counted before is not of this interval. */
static void read_network(struct interval *i, const struct network *then, const struct network *now)
{
	uint64_t received = 0, sent = 0;

	for (size_t n = 0; n < now->count; n++) {
		const struct interface *is = &now->interfaces[n];
		const struct interface *was = find_interface(then, is->name);

		if (!was || !strcmp(is->name, "lo"))
			continue;
		received += grown(was->received.bytes, is->received.bytes);
		sent += grown(was->sent.bytes, is->sent.bytes);
	}
	if (!now->count)
		return;
	i->value[NETWORK_RECEIVED] = rate(received, i);
	i->value[NETWORK_SENT] = rate(sent, i);
}

static void read_totals(struct interval *i, const struct sample *then, const struct sample *now)
{
	for (size_t of = 0; of < _PRESSURE_MAX; of++) {
		const struct pressure *was = &then->pressure[of], *is = &now->pressure[of];

		if (was->known && is->known && is->some_ns >= was->some_ns)
			i->value[CPU_PRESSURE + of] = share(is->some_ns - was->some_ns, i);
	}
	if (now->memory.known)
		i->value[MEMORY_AVAILABLE] = (double)now->memory.available_bytes;
	read_network(i, &then->network, &now->network);
}

int history_read_interval(struct history *h, struct interval *i, const struct history_known *known,
			  const struct sample *then, const struct sample *now)
{
	read_totals(i, then, now);
	if (known->sched)
		read_cpus(i, then->sched, now->sched);
	if (known->sched && known->cgroups)
		read_cgroups(h, i, then->sched, now->sched);
	if (known->cache)
		read_cache(i, &then->cache, &now->cache);
	return known->disk ? read_disks(h, i, known, &then->disk, &now->disk) : 0;
}
