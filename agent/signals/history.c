/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/probes/sample.h"
#include "agent/signals/history_room.h"
#include "agent/signals/sched_reading.h"

/* Two clocks, read one after the other, may differ by so much without a suspend. */
#define SUSPEND_NS (100 * NS_PER_MSEC)
/* What a cgroup has to run or wait, in seconds a second, to be given a place. */
#define CGROUP_MIN 0.0005
#define PEAK_FADES 60.0 /* seconds */
/* A slot of a distribution is shared between two seconds in so many parts. */
#define PARTS      1024

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
	if (to - from > 2 * HISTORY_STEP_NS) {
		roll(h, (to - 1) / HISTORY_STEP_NS);
		add_part(h, i, i->seconds);
		return;
	}
	while (from < to) {
		uint64_t end = (from / HISTORY_STEP_NS + 1) * HISTORY_STEP_NS;

		if (end > to)
			end = to;
		roll(h, from / HISTORY_STEP_NS);
		add_part(h, i, (double)(end - from) / NS_PER_SEC);
		from = end;
	}
}

/* --- places --- */

struct history_place *history_find_place(struct history_place *places, size_t count, uint64_t key)
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

static struct history_place *place_for(struct history_place *places, size_t count, uint64_t key,
				       double did, double min, struct series *first, size_t series)
{
	struct history_place *p = history_find_place(places, count, key);

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

struct history_place *history_cgroup_place(struct history *h, uint64_t id, double did)
{
	return place_for(h->cgroups, HISTORY_CGROUPS, id, did, CGROUP_MIN, &h->series[FIRST_CGROUP],
			 _OF_CGROUP);
}

struct history_place *history_disk_place(struct history *h, uint64_t number, double did)
{
	return place_for(h->disks, HISTORY_DISKS, number, did, 0, &h->series[FIRST_DISK], _OF_DISK);
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

/* --- what comes in --- */

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
		h->second = boot_ns / HISTORY_STEP_NS;
	h->fed_ns = boot_ns;
	if (!h->begun || boot_ns <= from || !tells(then, now, boot_ns - from)) {
		h->begun = true;
		roll(h, boot_ns / HISTORY_STEP_NS);
		return 0;
	}
	i = (struct interval){ .seconds = (double)(boot_ns - from) / NS_PER_SEC };
	for (size_t n = 0; n < SERIES; n++)
		i.value[n] = NAN;
	age(h->cgroups, HISTORY_CGROUPS, h->second, i.seconds);
	age(h->disks, HISTORY_DISKS, h->second, i.seconds);
	r = history_read_interval(h, &i, known, then, now);
	if (!r)
		spread(h, &i, from, boot_ns);
	roll(h, boot_ns / HISTORY_STEP_NS);
	return r;
}
