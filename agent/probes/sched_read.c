/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/sched_read.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"
#include "agent/probes/mapped.h"
#include "agent/probes/sched_sample.h"
#include "bpf/lib/ledger.h"
#include "bpf/sched/sched.h"

struct sched_read {
	uint32_t cpus, shards;
	struct fl_sched_cpu *cpu;        /* cpus */
	struct fl_sched_cgroup *cgroups; /* shards * FL_LEDGER_ROWS */
	struct sched_count gone;
};

static size_t cpu_size(const struct sched_read *s)
{
	return s->cpus * sizeof(struct fl_sched_cpu);
}

static size_t cgroups_size(const struct sched_read *s)
{
	return (size_t)s->shards * FL_LEDGER_ROWS * sizeof(struct fl_sched_cgroup);
}

int sched_read_new(struct sched_read **ret, const int *fds, uint32_t cpus, uint32_t shards)
{
	struct sched_read *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cpus = cpus;
	s->shards = shards;
	s->cpu = mapped_new(fds[0], cpu_size(s));
	s->cgroups = s->cpu ? mapped_new(fds[1], cgroups_size(s)) : NULL;
	if (!s->cgroups) {
		int r = -errno;

		sched_read_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct sched_read *sched_read_free(struct sched_read *s)
{
	if (s) {
		mapped_free(s->cpu, cpu_size(s));
		mapped_free(s->cgroups, cgroups_size(s));
	}
	free(s);
	return NULL;
}

static uint64_t *owner(const struct sched_read *s, size_t row)
{
	return (uint64_t *)&s->cgroups[row].id; /* in shard 0 */
}

static struct sched_count row_sum(const struct sched_read *s, size_t row)
{
	struct sched_count sum = { .id = __atomic_load_n(owner(s, row), __ATOMIC_ACQUIRE) };

	for (size_t shard = 0; shard < s->shards; shard++) {
		const struct fl_sched_cgroup *c = &s->cgroups[shard * FL_LEDGER_ROWS + row];

		sum.waits += mapped_load(&c->waits);
		sum.wait_ns += mapped_load(&c->wait_ns);
	}
	return sum;
}

void sched_read_sample(struct sched_read *s, struct sched_sample *ret)
{
	for (size_t cpu = 0; cpu < s->cpus && cpu < ret->cpus; cpu++) {
		for (size_t slot = 0; slot < FL_HIST_SLOTS; slot++)
			ret->cpu[cpu].slots[slot] = mapped_load(&s->cpu[cpu].slots[slot]);
		ret->cpu[cpu].sum_ns = mapped_load(&s->cpu[cpu].wait_ns);
	}
	for (size_t row = 0; row < FL_LEDGER_ROWS; row++) {
		if (row != FL_LEDGER_OTHER && !*owner(s, row))
			ret->rows[row] = (struct sched_count){ 0 };
		else
			ret->rows[row] = row_sum(s, row);
	}
	ret->gone = s->gone;
}

void sched_read_forget(struct sched_read *s, uint64_t cgroup)
{
	for (size_t row = 0; row < FL_LEDGER_ROWS; row++) {
		if (row == FL_LEDGER_OTHER || *owner(s, row) != cgroup)
			continue;
		for (size_t shard = 0; shard < s->shards; shard++) {
			struct fl_sched_cgroup *c = &s->cgroups[shard * FL_LEDGER_ROWS + row];

			/* A last dying task may still count: take what is there, as it is taken. */
			s->gone.waits += mapped_take(&c->waits);
			s->gone.wait_ns += mapped_take(&c->wait_ns);
			if (shard)
				__atomic_store_n(&c->id, 0, __ATOMIC_RELAXED);
		}
		__atomic_store_n(owner(s, row), 0, __ATOMIC_RELEASE);
	}
}

void sched_read_set_cgroups(struct sched_read *s, bool on)
{
	for (uint32_t cpu = 0; cpu < s->cpus; cpu++)
		__atomic_store_n(&s->cpu[cpu].no_cgroups, !on, __ATOMIC_RELAXED);
}
