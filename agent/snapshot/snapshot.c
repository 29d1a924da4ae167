/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"

const char *const disk_op_names[] = { "read", "write", "discard", "flush" };
_Static_assert(sizeof(disk_op_names) / sizeof(char *) == _DISK_OP_MAX, "a name an operation");

int snapshot_new(struct snapshot **ret, size_t cpus, size_t cgroups, size_t disks, size_t shares)
{
	CLEANUP(snapshot_freep) struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cpus = calloc(cpus + 1, sizeof(*s->cpus));
	s->cgroups = calloc(cgroups + 1, sizeof(*s->cgroups));
	s->disks = calloc(disks + 1, sizeof(*s->disks));
	s->shares = calloc(shares + 1, sizeof(*s->shares));
	if (!s->cpus || !s->cgroups || !s->disks || !s->shares)
		return -ENOMEM;
	s->cpu_count = cpus;
	s->cgroup_count = cgroups;
	s->disk_count = disks;
	s->share_count = shares;
	*ret = TAKE(s);
	return 0;
}

int snapshot_make_room(struct snapshot *s, size_t cgroups)
{
	struct cgroup_snapshot *all =
		reallocarray(s->cgroups, s->cgroup_count + cgroups + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	s->cgroups = all;
	return 0;
}

struct snapshot *snapshot_free(struct snapshot *s)
{
	if (s) {
		free(s->cpus);
		free(s->cgroups);
		free(s->disks);
		free(s->shares);
		free(s->share_times);
	}
	free(s);
	return NULL;
}

void snapshot_freep(struct snapshot **s)
{
	*s = snapshot_free(*s);
}

struct hist snapshot_node_wait(const struct snapshot *s)
{
	struct hist all = { 0 };

	for (size_t i = 0; i < s->cpu_count; i++)
		hist_add(&all, &s->cpus[i].wait);
	return all;
}

const struct cgroup_snapshot *snapshot_cgroup(const struct snapshot *s, size_t number)
{
	for (size_t i = 0; i < s->cgroup_count; i++)
		if (s->cgroups[i].number == number)
			return &s->cgroups[i];
	return NULL;
}

int snapshot_add_share_times(struct snapshot *s, size_t shares)
{
	s->share_times = calloc(shares + 1, sizeof(*s->share_times));
	return s->share_times ? 0 : -ENOMEM;
}

struct share_count snapshot_share(const struct snapshot *s, size_t cgroup, enum disk_op op)
{
	struct share_count sum = { 0 };
	size_t at = 0, end = s->share_count;

	while (at < end) { /* the first of the cgroup's */
		size_t middle = at + (end - at) / 2;

		if (s->shares[middle].cgroup < cgroup)
			at = middle + 1;
		else
			end = middle;
	}
	for (; at < s->share_count && s->shares[at].cgroup == cgroup; at++) {
		if (s->shares[at].bio_based)
			continue;
		sum.ios += s->shares[at].op[op].ios;
		sum.bytes += s->shares[at].op[op].bytes;
	}
	return sum;
}

static uint64_t bytes_of(const struct disk_snapshot *d)
{
	return d->op[DISK_READ].bytes + d->op[DISK_WRITE].bytes;
}

/* Of two rows' names, is one the row of all others?  It stands last, however much it has. */
static int others_last(const char *x, const char *y)
{
	return !strcmp(x, OTHER) - !strcmp(y, OTHER);
}

static int more_bytes_first(const void *a, const void *b)
{
	const struct disk_snapshot *x = a, *y = b;
	int r = others_last(x->name, y->name);

	if (r)
		return r;
	if (bytes_of(x) != bytes_of(y))
		return bytes_of(x) < bytes_of(y) ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int longer_wait_first(const void *a, const void *b)
{
	const struct cgroup_snapshot *x = a, *y = b;
	int r = others_last(x->path, y->path);

	if (r)
		return r;
	if (x->sched[SCHED_WAIT_NS] != y->sched[SCHED_WAIT_NS])
		return x->sched[SCHED_WAIT_NS] < y->sched[SCHED_WAIT_NS] ? 1 : -1;
	if (x->sched_total[SCHED_WAIT_NS] != y->sched_total[SCHED_WAIT_NS])
		return x->sched_total[SCHED_WAIT_NS] < y->sched_total[SCHED_WAIT_NS] ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

static int lower_cgroup_first(const void *a, const void *b)
{
	const struct share_snapshot *x = a, *y = b;

	if (x->cgroup != y->cgroup)
		return x->cgroup < y->cgroup ? -1 : 1;
	return strcmp(x->disk, y->disk);
}

void snapshot_sort(struct snapshot *s)
{
	qsort(s->shares, s->share_count, sizeof(*s->shares), lower_cgroup_first);
	qsort(s->cgroups, s->cgroup_count, sizeof(*s->cgroups), longer_wait_first);
	qsort(s->disks, s->disk_count, sizeof(*s->disks), more_bytes_first);
}

bool snapshot_measures(const struct snapshot *s, const char *subject)
{
	for (size_t i = 0; i < s->subject_count; i++)
		if (!strcmp(s->subjects[i].name, subject))
			return s->subjects[i].state != FINDING_OFF;
	return true;
}
