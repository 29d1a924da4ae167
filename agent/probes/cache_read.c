/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cache_read.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/probes/cache_sample.h"
#include "agent/probes/mapped.h"
#include "bpf/cache/cache.h"

_Static_assert((int)_CACHE_COUNT_MAX == (int)FL_CACHE_COUNTS &&
		       (int)CACHE_ACCESSES == (int)FL_CACHE_ACCESSES &&
		       (int)CACHE_FAULTS == (int)FL_CACHE_FAULTS,
	       "a snapshot counts what the wire does, in its order");
_Static_assert((int)FL_CACHE_PROGRAMS <= (int)LOAD_PARTS, "a part a program");

struct cache_read {
	uint32_t cpus, shards;
	struct fl_cache_cpu *cpu;        /* cpus */
	struct fl_cache_cgroup *cgroups; /* shards * FL_LEDGER_ROWS */
	uint64_t gone[_CACHE_COUNT_MAX];
};

static size_t elements(const struct cache_read *c)
{
	return (size_t)c->shards * FL_LEDGER_ROWS;
}

int cache_read_new(struct cache_read **ret, const int *fds, uint32_t cpus, uint32_t shards)
{
	struct cache_read *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->cpus = cpus;
	c->shards = shards;
	c->cpu = mapped_new(fds[0], cpus * sizeof(*c->cpu));
	c->cgroups = c->cpu ? mapped_new(fds[1], elements(c) * sizeof(*c->cgroups)) : NULL;
	if (!c->cgroups) {
		int r = -errno;

		cache_read_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct cache_read *cache_read_free(struct cache_read *c)
{
	if (c) {
		mapped_free(c->cpu, c->cpus * sizeof(*c->cpu));
		mapped_free(c->cgroups, elements(c) * sizeof(*c->cgroups));
	}
	free(c);
	return NULL;
}

static uint64_t *owner(const struct cache_read *c, size_t row)
{
	return (uint64_t *)&c->cgroups[row].id; /* in shard 0 */
}

static int read_rows(const struct cache_read *c, struct cache_sample *ret)
{
	for (uint32_t row = 0; row < FL_LEDGER_ROWS; row++) {
		uint64_t cgroup = __atomic_load_n(owner(c, row), __ATOMIC_ACQUIRE);
		struct cache_row_sample *to;

		if (row != FL_LEDGER_OTHER && !cgroup)
			continue;
		to = cache_sample_add_row(ret);
		if (!to)
			return -ENOMEM;
		to->of = (struct ledger_row){ row, cgroup };
		for (size_t shard = 0; shard < c->shards; shard++)
			for (int what = 0; what < _CACHE_COUNT_MAX; what++)
				to->n[what] += mapped_load(
					&c->cgroups[shard * FL_LEDGER_ROWS + row].n[what]);
	}
	cache_sample_trim(ret);
	return 0;
}

int cache_read_sample(struct cache_read *c, struct cache_sample *ret)
{
	cache_sample_empty(ret);
	for (uint32_t cpu = 0; cpu < c->cpus; cpu++) {
		for (int what = 0; what < _CACHE_COUNT_MAX; what++)
			ret->node[what] += mapped_load(&c->cpu[cpu].n[what]);
		for (int program = 0; program < FL_CACHE_PROGRAMS; program++)
			self_add(&ret->self.of[program], &c->cpu[cpu].self[program]);
	}
	for (int what = 0; what < _CACHE_COUNT_MAX; what++)
		ret->gone[what] = c->gone[what];
	return read_rows(c, ret);
}

void cache_read_forget(struct cache_read *c, uint64_t cgroup)
{
	for (size_t row = 0; row < FL_LEDGER_ROWS; row++) {
		if (row == FL_LEDGER_OTHER || *owner(c, row) != cgroup)
			continue;
		for (size_t shard = 0; shard < c->shards; shard++) {
			struct fl_cache_cgroup *of = &c->cgroups[shard * FL_LEDGER_ROWS + row];

			for (int what = 0; what < _CACHE_COUNT_MAX; what++)
				c->gone[what] += mapped_take(&of->n[what]);
			if (shard)
				__atomic_store_n(&of->id, 0, __ATOMIC_RELAXED);
		}
		__atomic_store_n(owner(c, row), 0, __ATOMIC_RELEASE);
	}
}

void cache_read_set_cgroups(struct cache_read *c, bool on)
{
	for (uint32_t cpu = 0; cpu < c->cpus; cpu++)
		__atomic_store_n(&c->cpu[cpu].no_cgroups, !on, __ATOMIC_RELAXED);
}
