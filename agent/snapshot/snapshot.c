/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/snapshot.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"

int snapshot_new(struct snapshot **ret, size_t cpus, size_t cgroups)
{
	CLEANUP(snapshot_freep) struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cpus = calloc(cpus + 1, sizeof(*s->cpus));
	s->cgroups = calloc(cgroups + 1, sizeof(*s->cgroups));
	if (!s->cpus || !s->cgroups)
		return -ENOMEM;
	s->cpu_count = cpus;
	s->cgroup_count = cgroups;
	*ret = TAKE(s);
	return 0;
}

struct snapshot *snapshot_free(struct snapshot *s)
{
	if (s) {
		free(s->cpus);
		free(s->cgroups);
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

static int longer_wait_first(const void *a, const void *b)
{
	const struct cgroup_snapshot *x = a, *y = b;

	if (x->wait_ns != y->wait_ns)
		return x->wait_ns < y->wait_ns ? 1 : -1;
	if (x->wait_ns_total != y->wait_ns_total)
		return x->wait_ns_total < y->wait_ns_total ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

void snapshot_sort(struct snapshot *s)
{
	qsort(s->cgroups, s->cgroup_count, sizeof(*s->cgroups), longer_wait_first);
}
