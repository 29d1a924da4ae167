/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/history.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/hist.h"
#include "agent/probes/sample.h"
#include "agent/signals/attribution.h"
#include "agent/signals/disk_reading.h"
#include "agent/signals/sched_reading.h"
#include "agent/snapshot/history.h"

#define STEP_NS    NS_PER_SEC
/* Two clocks, read one after the other, may differ by so much without a suspend. */
#define SUSPEND_NS (100 * NS_PER_MSEC)
/* Less of a mean's weight than this is known: it says nothing about now. */
#define WEIGHT_MIN 0.01f
/* What a cgroup has to run or wait, in seconds a second, to be given a place. */
#define CGROUP_MIN 0.0005
#define PEAK_FADES 60.0 /* seconds */
/* A slot of a distribution is shared between two seconds in so many parts. */
#define PARTS      1024

enum of_node {
	CPU_BUSY,
	RUN_QUEUE_WAIT,
	RUN_QUEUE_WAIT_P99,
	SWITCHES,
	PAGE_FILLS,
	DEMAND_MISSES,
	MEMORY_AVAILABLE,
	CPU_PRESSURE, /* the three as enum pressure_of has them */
	MEMORY_PRESSURE,
	IO_PRESSURE,
	NETWORK_RECEIVED,
	NETWORK_SENT,
	_OF_NODE
};
enum of_disk { DISK_BYTES, DISK_IOS, DISK_DEVICE_P99, _OF_DISK };
enum of_cgroup { CGROUP_RUN, CGROUP_WAIT, CGROUP_DISK_BYTES, _OF_CGROUP };

#define FIRST_DISK   ((size_t)_OF_NODE)
#define FIRST_CGROUP (FIRST_DISK + (size_t)_OF_DISK * HISTORY_DISKS)
#define SERIES       (FIRST_CGROUP + (size_t)_OF_CGROUP * HISTORY_CGROUPS)

struct kind {
	const char *name, *unit;
};
static const struct kind of_node[_OF_NODE] = {
	[CPU_BUSY] = { "cpu_busy", "ratio" },
	[RUN_QUEUE_WAIT] = { "run_queue_wait", "seconds_per_second" },
	[RUN_QUEUE_WAIT_P99] = { "run_queue_wait_p99", "seconds" },
	[SWITCHES] = { "switches", "per_second" },
	[PAGE_FILLS] = { "page_fills", "pages_per_second" },
	[DEMAND_MISSES] = { "demand_misses", "per_second" },
	[MEMORY_AVAILABLE] = { "memory_available", "bytes" },
	[CPU_PRESSURE] = { "pressure_cpu", "ratio" },
	[MEMORY_PRESSURE] = { "pressure_memory", "ratio" },
	[IO_PRESSURE] = { "pressure_io", "ratio" },
	[NETWORK_RECEIVED] = { "network_received", "bytes_per_second" },
	[NETWORK_SENT] = { "network_sent", "bytes_per_second" },
};
static const struct kind of_disk[_OF_DISK] = {
	[DISK_BYTES] = { "disk_bytes", "bytes_per_second" },
	[DISK_IOS] = { "disk_ios", "per_second" },
	[DISK_DEVICE_P99] = { "disk_device_p99", "seconds" },
};
static const struct kind of_cgroup[_OF_CGROUP] = {
	[CGROUP_RUN] = { "cgroup_run", "seconds_per_second" },
	[CGROUP_WAIT] = { "cgroup_wait", "seconds_per_second" },
	[CGROUP_DISK_BYTES] = { "cgroup_disk_bytes", "bytes_per_second" },
};

struct series {
	float points[HISTORY_POINTS]; /* of second n at n % HISTORY_POINTS */
	struct {
		float sum, weight;
	} means[HISTORY_MEANS];
	double total, covered; /* of the open second: what came in, seconds that it is of */
};

struct history {
	bool begun;
	uint64_t fed_ns; /* since boot */
	uint64_t second; /* the open one */
	uint64_t closed; /* how many were closed before it */
	struct history_place disks[HISTORY_DISKS], cgroups[HISTORY_CGROUPS];
	struct hist waits, device[HISTORY_DISKS]; /* of the open second, in PARTS */
	struct series series[SERIES];
};
_Static_assert(sizeof(struct history) <= HISTORY_BYTES_MAX, "as the header says");

/* What one interval says. */
struct interval {
	double seconds;
	double value[SERIES]; /* NAN: nothing */
	struct hist waits, device[HISTORY_DISKS];
};

size_t history_bytes(void)
{
	return sizeof(struct history);
}

int history_new(struct history **ret)
{
	struct history *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	*ret = h;
	return 0;
}

struct history *history_free(struct history *h)
{
	free(h);
	return NULL;
}

void history_freep(struct history **h)
{
	*h = history_free(*h);
}

struct history_place *history_cgroups(struct history *h)
{
	return h->cgroups;
}

struct history_place *history_disks(struct history *h)
{
	return h->disks;
}

static size_t disk_series(size_t place, enum of_disk what)
{
	return FIRST_DISK + place * _OF_DISK + what;
}

static size_t cgroup_series(size_t place, enum of_cgroup what)
{
	return FIRST_CGROUP + place * _OF_CGROUP + what;
}

/* --- seconds --- */

static void close_series(struct series *s, uint64_t second)
{
	float point = s->covered > 0 ? (float)(s->total / s->covered) : NAN;

	s->points[second % HISTORY_POINTS] = point;
	for (int i = 0; i < HISTORY_MEANS; i++) {
		float keep = expf(-1.0f / (float)history_mean_seconds[i]);
		float in = isnan(point)
				   ? 0
				   : 1 - expf((float)-s->covered / (float)history_mean_seconds[i]);

		s->means[i].sum = s->means[i].sum * keep + (in > 0 ? in * point : 0);
		s->means[i].weight = s->means[i].weight * keep + in;
	}
	s->total = s->covered = 0;
}

static void close_distribution(struct series *s, struct hist *h)
{
	if (hist_count(h)) {
		s->total = (double)hist_quantile_ns(h, 0.99) / NS_PER_SEC;
		s->covered = 1;
	}
	*h = (struct hist){ 0 };
}

/* Seconds of which nothing is known. */
static void skip(struct series *s, uint64_t from, uint64_t count)
{
	for (uint64_t n = 0; n < count && n < HISTORY_POINTS; n++)
		s->points[(from + n) % HISTORY_POINTS] = NAN;
	for (int i = 0; i < HISTORY_MEANS; i++) {
		float keep = expf(-(float)count / (float)history_mean_seconds[i]);

		s->means[i].sum *= keep;
		s->means[i].weight *= keep;
	}
}

/* Makes `second` the open one. */
static void roll(struct history *h, uint64_t second)
{
	uint64_t passed = second - h->second;

	if (second <= h->second)
		return;
	close_distribution(&h->series[RUN_QUEUE_WAIT_P99], &h->waits);
	for (size_t i = 0; i < HISTORY_DISKS; i++)
		close_distribution(&h->series[disk_series(i, DISK_DEVICE_P99)], &h->device[i]);
	for (size_t i = 0; i < SERIES; i++) {
		close_series(&h->series[i], h->second);
		skip(&h->series[i], h->second + 1, passed - 1);
	}
	h->closed += passed;
	h->second = second;
}

static void add_share(struct hist *to, const struct hist *h, double share)
{
	for (int i = 0; i < FL_HIST_SLOTS; i++)
		to->slots[i] += (uint64_t)((double)h->slots[i] * share * PARTS + 0.5);
}

/* A part of an interval, into the open second; seconds: that it stands for. */
static void add_part(struct history *h, const struct interval *i, double seconds)
{
	for (size_t n = 0; n < SERIES; n++) {
		if (isnan(i->value[n]))
			continue;
		h->series[n].total += i->value[n] * seconds;
		h->series[n].covered += seconds;
	}
	add_share(&h->waits, &i->waits, seconds / i->seconds);
	for (size_t n = 0; n < HISTORY_DISKS; n++)
		add_share(&h->device[n], &i->device[n], seconds / i->seconds);
}

static void spread(struct history *h, const struct interval *i, uint64_t from, uint64_t to)
{
	if (to - from > 2 * STEP_NS) {
		roll(h, (to - 1) / STEP_NS);
		add_part(h, i, i->seconds);
		return;
	}
	while (from < to) {
		uint64_t end = (from / STEP_NS + 1) * STEP_NS;

		if (end > to)
			end = to;
		roll(h, from / STEP_NS);
		add_part(h, i, (double)(end - from) / NS_PER_SEC);
		from = end;
	}
}

/* --- places --- */

static struct history_place *find_place(struct history_place *places, size_t count, uint64_t key)
{
	for (size_t i = 0; i < count; i++)
		if (places[i].key == key)
			return &places[i];
	return NULL;
}

static struct history_place *least(struct history_place *places, size_t count)
{
	struct history_place *ret = &places[0];

	for (size_t i = 0; i < count && ret->key; i++)
		if (!places[i].key || places[i].peak < ret->peak)
			ret = &places[i];
	return ret;
}

static void forget_series(struct series *s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		s[i] = (struct series){ 0 };
		for (size_t n = 0; n < HISTORY_POINTS; n++)
			s[i].points[n] = NAN;
	}
}

/* The place of who did so much a second; NULL when others did more. */
static struct history_place *place_for(struct history_place *places, size_t count, uint64_t key,
				       double did, double min, struct series *first, size_t series)
{
	struct history_place *p = find_place(places, count, key);

	if (!p && did > min) {
		p = least(places, count);
		if (p->key && did <= 2 * p->peak)
			return NULL;
		*p = (struct history_place){ .key = key };
		forget_series(first + (size_t)(p - places) * series, series);
	}
	if (p && did > p->peak)
		p->peak = did;
	return p;
}

/* Peaks fade; who was not seen for as long as points are kept has none to show. */
static void age(struct history_place *places, size_t count, uint64_t second, double seconds)
{
	for (size_t i = 0; i < count; i++) {
		places[i].peak *= exp(-seconds / PEAK_FADES);
		if (places[i].key && second > places[i].seen + HISTORY_POINTS)
			places[i] = (struct history_place){ 0 };
	}
}

/* --- what an interval says --- */

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
		p = place_for(h->cgroups, HISTORY_CGROUPS, is->of.cgroup, run + wait, CGROUP_MIN,
			      &h->series[FIRST_CGROUP], _OF_CGROUP);
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
			s->cgroup ? find_place(h->cgroups, HISTORY_CGROUPS, s->cgroup) : NULL;

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
	p = place_for(h->disks, HISTORY_DISKS, d->number, restarted ? 0 : rate(bytes + ios, i), 0,
		      &h->series[FIRST_DISK], _OF_DISK);
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

static int read_interval(struct history *h, struct interval *i, const struct history_known *known,
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

static bool tells(const struct sample *then, const struct sample *now, uint64_t passed_ns)
{
	uint64_t awake_ns;

	if (!then || now->when_ns <= then->when_ns)
		return false;
	awake_ns = now->when_ns - then->when_ns;
	return passed_ns < awake_ns + SUSPEND_NS && awake_ns < passed_ns + SUSPEND_NS &&
	       !sched_ran_backwards(then->sched, now->sched);
}

int history_feed(struct history *h, const struct history_known *known, const struct sample *then,
		 const struct sample *now, uint64_t boot_ns)
{
	uint64_t from = h->fed_ns;
	struct interval i;
	int r = 0;

	if (!h->begun)
		h->second = boot_ns / STEP_NS;
	h->fed_ns = boot_ns;
	if (!h->begun || boot_ns <= from || !tells(then, now, boot_ns - from)) {
		h->begun = true;
		roll(h, boot_ns / STEP_NS);
		return 0;
	}
	i = (struct interval){ .seconds = (double)(boot_ns - from) / NS_PER_SEC };
	for (size_t n = 0; n < SERIES; n++)
		i.value[n] = NAN;
	age(h->cgroups, HISTORY_CGROUPS, h->second, i.seconds);
	age(h->disks, HISTORY_DISKS, h->second, i.seconds);
	r = read_interval(h, &i, known, then, now);
	if (!r)
		spread(h, &i, from, boot_ns);
	roll(h, boot_ns / STEP_NS);
	return r;
}

/* --- the view --- */

static const struct kind *kind_of(size_t series)
{
	if (series >= FIRST_CGROUP)
		return &of_cgroup[(series - FIRST_CGROUP) % _OF_CGROUP];
	if (series >= FIRST_DISK)
		return &of_disk[(series - FIRST_DISK) % _OF_DISK];
	return &of_node[series];
}

/* NULL: the node's own. */
static const struct history_place *place_of(const struct history *h, size_t series)
{
	if (series >= FIRST_CGROUP)
		return &h->cgroups[(series - FIRST_CGROUP) / _OF_CGROUP];
	if (series >= FIRST_DISK)
		return &h->disks[(series - FIRST_DISK) / _OF_DISK];
	return NULL;
}

static bool is_wanted(size_t series, const char *prefix)
{
	return !strncmp(kind_of(series)->name, prefix, strlen(prefix));
}

static bool is_shown(const struct history *h, size_t series, const char *prefix)
{
	const struct history_place *p = place_of(h, series);

	return is_wanted(series, prefix) && (!p || p->key);
}

static struct history_whose whose(size_t series, const struct history_place *p)
{
	struct history_whose ret = { 0 };
	struct attribution a;

	if (p && series < FIRST_CGROUP) {
		if (p->name[0])
			snprintf(ret.disk, sizeof(ret.disk), "%.*s", DISK_NAME_MAX - 1, p->name);
		else
			snprintf(ret.disk, sizeof(ret.disk), "%llu:%llu",
				 (unsigned long long)p->key >> 20,
				 (unsigned long long)p->key & 0xfffff);
	} else if (p) {
		if (p->name[0])
			snprintf(ret.cgroup, sizeof(ret.cgroup), "%s", p->name);
		else
			snprintf(ret.cgroup, sizeof(ret.cgroup), "(gone, id %llu)",
				 (unsigned long long)p->key);
		a = attribute(p->name);
		memcpy(ret.pod, a.pod, sizeof(ret.pod));
		memcpy(ret.container, a.container, sizeof(ret.container));
		memcpy(ret.unit, a.unit, sizeof(ret.unit));
	}
	return ret;
}

static void show(const struct history *h, size_t series, struct history_snapshot *to, size_t n)
{
	struct series_snapshot *ret = &to->series[n];
	const struct series *from = &h->series[series];

	*ret = (struct series_snapshot){ .name = kind_of(series)->name,
					 .unit = kind_of(series)->unit,
					 .whose = whose(series, place_of(h, series)) };
	for (int i = 0; i < HISTORY_MEANS; i++)
		ret->means[i] = from->means[i].weight < WEIGHT_MIN
					? NAN
					: from->means[i].sum / from->means[i].weight;
	for (size_t i = 0; i < to->points; i++)
		to->values[n * to->points + i] =
			from->points[(h->second - to->points + i) % HISTORY_POINTS];
}

int history_view(const struct history *h, const char *prefix, size_t points, uint64_t now_boot_ns,
		 uint64_t now_wall_ns, struct history_snapshot **ret)
{
	size_t there = h->closed < HISTORY_POINTS ? h->closed : HISTORY_POINTS;
	size_t wanted = 0, shown = 0;
	struct history_snapshot *s;
	int r;

	for (size_t i = 0; i < SERIES; i++) {
		wanted += is_wanted(i, prefix);
		shown += is_shown(h, i, prefix);
	}
	if (!wanted)
		return -EINVAL;
	r = history_snapshot_new(&s, shown, points < there ? points : there);
	if (r)
		return r;
	s->step_ns = STEP_NS;
	s->end_wall_ns = now_wall_ns - (now_boot_ns - h->second * STEP_NS);
	for (size_t i = 0, n = 0; i < SERIES; i++)
		if (is_shown(h, i, prefix))
			show(h, i, s, n++);
	*ret = s;
	return 0;
}
