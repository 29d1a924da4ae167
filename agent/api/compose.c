/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/text_index.h"
#include "agent/probes/cgroup_names.h"
#include "agent/probes/disk_names.h"
#include "agent/probes/disk_table.h"
#include "agent/probes/load.h"
#include "agent/probes/sample.h"
#include "agent/signals/attribution.h"
#include "agent/signals/cache_reading.h"
#include "agent/signals/disk_reading.h"
#include "agent/signals/sched_reading.h"
#include "agent/snapshot/snapshot.h"

_Static_assert((int)_DISK_OP_MAX == (int)FL_DISK_OPS, "a snapshot has the operations of the wire");
_Static_assert((int)DISK_NAME_MAX == (int)DISK_NAME, "a name fits");

#define WALK_NS NS_PER_SEC

/* Names younger than the last walk are found by another one, unless there was one just now. */
struct name_finder {
	struct cgroup_names *names;
	bool walked;
};

static const char *find_path(struct name_finder *f, uint64_t id)
{
	const char *path = f->names ? cgroup_names_find(f->names, id) : NULL;

	if (!path && f->names && !f->walked) {
		f->walked = true;
		cgroup_names_refresh(f->names);
		path = cgroup_names_find(f->names, id);
	}
	return path;
}

/* Only who sees all of the tree knows that a cgroup is not there any more. */
static bool sees_all(const struct name_finder *f)
{
	return f->names && cgroup_names_from_root(f->names);
}

/* Its path; one that is made up, or has to be cut, is written to `room`. */
static const char *name_of(struct name_finder *f, uint64_t id, char room[CGROUP_PATH_MAX])
{
	const char *path = id ? find_path(f, id) : OTHER;

	if (path && strlen(path) < CGROUP_PATH_MAX)
		return path;
	if (path)
		snprintf(room, CGROUP_PATH_MAX, "%.*s", CGROUP_PATH_MAX - 1, path);
	else
		snprintf(room, CGROUP_PATH_MAX, "(%s, id %llu)", sees_all(f) ? "gone" : "elsewhere",
			 (unsigned long long)id);
	return room;
}

struct cgroup_snapshot *compose_cgroup(struct snapshot *s, uint64_t id, const char *path)
{
	const struct attribution whose = attribute(path);
	struct cgroup_snapshot *c = &s->cgroups[s->cgroup_count];

	_Static_assert(sizeof(c->pod) == sizeof(whose.pod) &&
			       sizeof(c->container) == sizeof(whose.container) &&
			       sizeof(c->unit) == sizeof(whose.unit),
		       "a snapshot has room for what a path tells");
	*c = (struct cgroup_snapshot){ .id = id, .number = s->cgroup_count++ };
	memccpy(c->path, path, '\0', sizeof(c->path) - 1);
	memcpy(c->pod, whose.pod, sizeof(c->pod));
	memcpy(c->container, whose.container, sizeof(c->container));
	memcpy(c->unit, whose.unit, sizeof(c->unit));
	return c;
}

/* Wherever there is a window here, NULL stands for none: all of it is zero. */
static void fill_cpu(struct cpu_snapshot *to, const struct sched_cpu_sample *window,
		     const struct sched_cpu_sample *total)
{
	if (window) {
		memcpy(to->sched, window->counts.n, sizeof(to->sched));
		to->wait = window->counts.wait;
	}
	memcpy(to->sched_total, total->counts.n, sizeof(to->sched_total));
	to->wait_total = total->counts.wait;
	to->queued = total->queued;
}

static void fill_sched_row(struct cgroup_snapshot *to, const struct sched_counts *window,
			   const struct sched_counts *total)
{
	if (window) {
		counts_add(to->sched, window->n, _SCHED_CGROUP_MAX);
		hist_add(&to->wait, &window->wait);
	}
	counts_add(to->sched_total, total->n, _SCHED_CGROUP_MAX);
	hist_add(&to->wait_total, &total->wait);
}

static void fill_sched(struct snapshot *s, struct name_finder *names,
		       const struct sched_sample *window, const struct sched_sample *total)
{
	char room[CGROUP_PATH_MAX];

	for (size_t cpu = 0; cpu < s->cpu_count; cpu++)
		fill_cpu(&s->cpus[cpu], window ? &window->cpu[cpu] : NULL, &total->cpu[cpu]);
	for (size_t i = 0; i < total->row_count; i++) {
		const struct sched_row_sample *row = &total->rows[i];
		bool other = row->of.row == FL_LEDGER_OTHER;
		struct cgroup_snapshot *c;

		if (!row->counts.n[SCHED_WAITS] && !row->counts.n[SCHED_RUN_NS] &&
		    !(other && total->gone.n[SCHED_WAITS]))
			continue;
		c = compose_cgroup(s, row->of.cgroup, name_of(names, row->of.cgroup, room));
		fill_sched_row(c, window ? &window->rows[i].counts : NULL, &row->counts);
		if (other) /* and what dead cgroups had counted */
			fill_sched_row(c, window ? &window->gone : NULL, &total->gone);
	}
}

/* But who found no row, all in one, last. */
static int longest_first(const void *a, const void *b)
{
	const struct waiter_snapshot *x = a, *y = b;

	if (!x->thread != !y->thread)
		return x->thread ? -1 : 1;
	return (x->wait_ns < y->wait_ns) - (x->wait_ns > y->wait_ns);
}

static struct disk_count_snapshot plain_count(const struct disk_count *c)
{
	return (struct disk_count_snapshot){ .ios = c->ios,
					     .bytes = c->bytes,
					     .completed = c->completed,
					     .errors = c->errors,
					     .merged = c->merged,
					     .unsplit = c->unsplit,
					     .untimed = c->untimed,
					     .queue = c->queue,
					     .device = c->device };
}

static void name_disk(struct disk_snapshot *to, const struct disk_table *disks, uint32_t number)
{
	const struct disk_row *row = number ? disk_table_find(disks, number) : NULL;

	if (row)
		memcpy(to->name, row->name, sizeof(row->name));
	else if (number)
		disk_name("", number, to->name);
	else
		snprintf(to->name, sizeof(to->name), OTHER);
	to->known = row != NULL;
	to->in_flight = row ? row->in_flight : 0;
}

static void fill_disks(struct snapshot *s, const struct disk_table *disks,
		       const struct disk_sample *window, const struct disk_sample *total)
{
	for (size_t i = 0; i < total->device_count; i++) {
		const struct disk_device_sample *from = &total->devices[i];
		struct disk_snapshot *to = &s->disks[i];

		to->major = from->number >> 20;
		to->minor = from->number & 0xfffff;
		name_disk(to, disks, from->number);
		to->bio_based = from->bio_based;
		for (int op = 0; op < _DISK_OP_MAX; op++) {
			if (window)
				to->op[op] = plain_count(&window->devices[i].op[op]);
			to->total[op] = plain_count(&from->op[op]);
		}
	}
}

static size_t number_of(struct snapshot *s, struct text_index *index, uint64_t id, const char *path)
{
	size_t at = text_index_find(index, path);
	struct cgroup_snapshot *c;

	if (at != TEXT_INDEX_NONE)
		return at;
	c = compose_cgroup(s, id, path);
	text_index_add(index, c->path, c->number);
	return c->number;
}

/* Where v1 and v2 hierarchies stand side by side, a path is what their cgroups have in common. */
static size_t cgroup_number(struct snapshot *s, struct text_index *index, struct name_finder *names,
			    uint64_t id)
{
	char room[CGROUP_PATH_MAX];

	return number_of(s, index, id, id ? name_of(names, id, room) : "(nobody)");
}

static void fill_share(struct share_snapshot *to, const struct disk_share_count *window,
		       const struct disk_share_count *total)
{
	for (int op = 0; op < _DISK_OP_MAX; op++) {
		if (window)
			to->op[op] = (struct share_count){ window[op].ios, window[op].bytes,
							   window[op].errors };
		to->total[op] =
			(struct share_count){ total[op].ios, total[op].bytes, total[op].errors };
	}
}

/* As the share at this place; the times of those that are gone stand behind the last. */
static void fill_times(struct snapshot *s, struct share_snapshot *to, size_t at,
		       const struct disk_sample *window, const struct disk_sample *total)
{
	if (!s->share_times || !total->details)
		return;
	to->times = &s->share_times[to - s->shares];
	for (int op = 0; op < _DISK_OP_MAX; op++) {
		const struct disk_times *t = &total->details[at].op[op];

		to->times->total[op] = (struct share_time){ t->untimed, t->queue, t->device };
		if (!window || !window->details)
			continue;
		t = &window->details[at].op[op];
		to->times->op[op] = (struct share_time){ t->untimed, t->queue, t->device };
	}
}

static void add_total(struct cgroup_snapshot *c, const struct share_snapshot *share)
{
	for (int op = 0; op < _DISK_OP_MAX && !share->bio_based; op++) {
		c->disks_total[op].ios += share->total[op].ios;
		c->disks_total[op].bytes += share->total[op].bytes;
	}
}

/* Of shares that found no row, or whose device is gone. */
static void fill_gone(struct snapshot *s, size_t cgroup, int of, const struct disk_sample *window,
		      const struct disk_sample *total)
{
	struct share_snapshot *to = &s->shares[s->share_count++];

	snprintf(to->disk, sizeof(to->disk), "(any)");
	to->cgroup = cgroup;
	to->bio_based = of == DISK_GONE_BIO;
	fill_share(to, window ? window->gone[of] : NULL, total->gone[of]);
	fill_times(s, to, total->share_count + (size_t)of, window, total);
	add_total(&s->cgroups[cgroup], to);
}

static void fill_shares(struct snapshot *s, struct text_index *index, struct name_finder *names,
			const struct disk_sample *window, const struct disk_sample *total)
{
	static const struct disk_share_count none[FL_DISK_OPS];
	const char *disks[FL_DISK_DEVICES] = { 0 };

	for (size_t d = 0; d < total->device_count; d++)
		disks[total->devices[d].index % FL_DISK_DEVICES] = s->disks[d].name;
	for (size_t i = 0; i < total->share_count; i++) {
		const struct disk_share *from = &total->shares[i];
		struct share_snapshot *to = &s->shares[s->share_count];
		const char *disk = disks[from->index % FL_DISK_DEVICES];

		if (!disk) /* counted for nothing yet: its first request is on the way */
			continue;
		memcpy(to->disk, disk, sizeof(to->disk));
		to->cgroup = from->cgroup == DISK_CGROUPS_GONE
				     ? number_of(s, index, 0, OTHER)
				     : cgroup_number(s, index, names, from->cgroup);
		to->bio_based = from->bio_based;
		fill_share(to, window ? window->shares[i].op : NULL, from->op);
		fill_times(s, to, i, window, total);
		add_total(&s->cgroups[to->cgroup], to);
		s->share_count++;
	}
	for (int of = 0; of < _DISK_GONE_MAX; of++)
		if (memcmp(total->gone[of], none, sizeof(none)))
			fill_gone(s, number_of(s, index, 0, OTHER), of, window, total);
}

static struct cgroup_snapshot *row_owner(struct snapshot *s, struct text_index *index,
					 struct name_finder *names, const struct ledger_row *row)
{
	return &s->cgroups[row->row == FL_LEDGER_OTHER
				   ? number_of(s, index, 0, OTHER)
				   : cgroup_number(s, index, names, row->cgroup)];
}

static void fill_cache(struct snapshot *s, struct text_index *index, struct name_finder *names,
		       const struct cache_sample *window, const struct cache_sample *total)
{
	if (window)
		memcpy(s->cache, window->node, sizeof(s->cache));
	memcpy(s->cache_total, total->node, sizeof(s->cache_total));
	for (size_t i = 0; i < total->row_count; i++) {
		const struct cache_row_sample *row = &total->rows[i];
		bool other = row->of.row == FL_LEDGER_OTHER;
		uint64_t all[_CACHE_COUNT_MAX] = { 0 }, any = 0;
		struct cgroup_snapshot *c;

		counts_add(all, row->n, _CACHE_COUNT_MAX);
		if (other) /* and what dead cgroups had counted */
			counts_add(all, total->gone, _CACHE_COUNT_MAX);
		for (int what = 0; what < _CACHE_COUNT_MAX; what++)
			any |= all[what];
		if (!any)
			continue;
		c = row_owner(s, index, names, &row->of);
		if (window)
			counts_add(c->cache, window->rows[i].n, _CACHE_COUNT_MAX);
		if (window && other)
			counts_add(c->cache, window->gone, _CACHE_COUNT_MAX);
		counts_add(c->cache_total, all, _CACHE_COUNT_MAX);
	}
}

/* A line for each of a subject's programs that ran at all. */
static void fill_programs(struct snapshot *s, const struct load_subject *subject,
			  const struct self_sample *then, const struct self_sample *now)
{
	for (int part = 0; part < LOAD_PARTS && subject->parts[part].name; part++) {
		const struct self_count *was = &then->of[part], *is = &now->of[part];
		struct program_snapshot *to = &s->programs[s->program_count];
		uint64_t ns = self_estimate_ns(is), ns_then = self_estimate_ns(was);

		if (!is->runs || s->program_count == PROGRAMS_MAX)
			continue;
		snprintf(to->subject, sizeof(to->subject), "%s", subject->name);
		snprintf(to->event, sizeof(to->event), "%s", subject->parts[part].name);
		to->runs_total = is->runs;
		to->ns_total = ns;
		to->runs = is->runs >= was->runs ? is->runs - was->runs : is->runs;
		to->ns = ns >= ns_then ? ns - ns_then : 0; /* the mean may fall */
		s->program_count++;
	}
}

/* The first of those who waited long, and in whose cgroup. */
static int fill_waiters(struct snapshot *s, struct text_index *index, struct name_finder *names,
			const struct sched_sample *window)
{
	CLEANUP(freep) struct waiter_snapshot *all = calloc(window->waiter_count + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < window->waiter_count; i++) {
		const struct sched_waiter_sample *from = &window->waiters[i];

		all[i] = (struct waiter_snapshot){ .thread = from->thread,
						   .cgroup = i,
						   .waits = from->waits,
						   .wait_ns = from->wait_ns,
						   .longest_ns = from->longest_ns };
		memcpy(all[i].name, from->name, sizeof(all[i].name));
	}
	qsort(all, window->waiter_count, sizeof(*all), longest_first);
	if (window->waiter_count > WAITERS_MAX && !all[window->waiter_count - 1].thread)
		all[WAITERS_MAX - 1] = all[window->waiter_count - 1];
	for (size_t i = 0; i < window->waiter_count && i < WAITERS_MAX; i++) {
		s->waiters[i] = all[i];
		s->waiters[i].cgroup =
			cgroup_number(s, index, names, window->waiters[all[i].cgroup].cgroup);
		s->waiter_count = i + 1;
	}
	return 0;
}

/* What was counted in a window. */
struct window_samples {
	struct sched_sample *sched;
	struct disk_sample disk;
	struct cache_sample cache;
};

static void window_samples_clear(struct window_samples *w)
{
	sched_sample_free(w->sched);
	disk_sample_clear(&w->disk);
	cache_sample_clear(&w->cache);
}

static int window_between(struct window_samples *ret, size_t cpus, const struct sample *then,
			  const struct sample *now)
{
	int r = sched_sample_new(&ret->sched, cpus);

	if (!r)
		r = sched_reading_between(ret->sched, then->sched, now->sched);
	if (!r)
		r = disk_reading_between(&ret->disk, &then->disk, &now->disk);
	return r ? r : cache_reading_between(&ret->cache, &then->cache, &now->cache);
}

/* Rows of three ledgers, those who waited, other and nobody. */
static size_t cgroups_most(const struct sample *now)
{
	return now->sched->row_count + now->cache.row_count + now->disk.share_count + WAITERS_MAX +
	       2;
}

static int fill(struct snapshot *s, struct name_finder *cgroups, struct name_finder *blkio,
		const struct disk_table *disks, const struct window_samples *w,
		const struct sample *now)
{
	CLEANUP(text_index_clear) struct text_index index = { 0 };

	if (text_index_init(&index, cgroups_most(now)))
		return -ENOMEM;
	fill_sched(s, cgroups, w ? w->sched : NULL, now->sched);
	for (size_t i = 0; i < s->cgroup_count; i++)
		text_index_add(&index, s->cgroups[i].path, i);
	fill_disks(s, disks, w ? &w->disk : NULL, &now->disk);
	fill_shares(s, &index, blkio ? blkio : cgroups, w ? &w->disk : NULL, &now->disk);
	fill_cache(s, &index, cgroups, w ? &w->cache : NULL, &now->cache);
	return w ? fill_waiters(s, &index, cgroups, w->sched) : 0;
}

int compose_between(struct snapshot **ret, struct compose_names *names,
		    const struct disk_table *disks, size_t cpus, const struct sample *then,
		    const struct sample *now)
{
	CLEANUP(window_samples_clear) struct window_samples window = { 0 };
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	bool windowed = then != now; /* else it is not worth to compute zeros */
	bool walked = now->when_ns - names->walked_ns < WALK_NS;
	struct name_finder cgroups = { names->cgroups, walked }, blkio = { names->blkio, walked };
	int r = windowed ? window_between(&window, cpus, then, now) : 0;

	if (!r)
		r = snapshot_new(&s, cpus, 0, now->disk.device_count,
				 now->disk.share_count + _DISK_GONE_MAX);
	if (!r)
		r = snapshot_make_room(s, cgroups_most(now));
	if (!r && now->disk.details)
		r = snapshot_add_share_times(s, now->disk.share_count + _DISK_GONE_MAX);
	if (r)
		return r;
	s->window_ns = now->when_ns - then->when_ns;
	s->share_count = 0; /* there is room; how many there are shows now */
	pressure_between(s->pressure, then->pressure, now->pressure);
	memcpy(s->pressure_total, now->pressure, sizeof(s->pressure_total));
	s->memory = now->memory;
	network_between(&s->network, &then->network, &now->network);
	s->network_total = now->network;
	s->written_back = now->memory.written_pages - then->memory.written_pages;
	fill_programs(s, &sched_subject, &then->sched->self, &now->sched->self);
	fill_programs(s, &disk_subject, &then->disk.self, &now->disk.self);
	fill_programs(s, &cache_subject, &then->cache.self, &now->cache.self);
	r = fill(s, &cgroups, names->blkio ? &blkio : NULL, disks, windowed ? &window : NULL, now);
	if (r)
		return r;
	if (windowed)
		snapshot_sort(s);
	if (!walked && (cgroups.walked || blkio.walked))
		names->walked_ns = now->when_ns;
	*ret = TAKE(s);
	return 0;
}
