/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/sched_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/probes/mapped.h"
#include "agent/probes/queue_clock.h"
#include "agent/probes/sched_sample.h"
#include "bpf/lib/ledger.h"
#include "bpf/sched/sched.h"

struct sched_read {
	uint32_t cpus, shards;
	struct fl_sched_cpu *cpu;        /* cpus */
	struct fl_sched_cgroup *cgroups; /* shards * FL_LEDGER_ROWS, and so many details */
	struct fl_sched_detail *details;
	struct fl_sched_waiter *waiters;   /* FL_SCHED_WAITERS */
	uint64_t waited[FL_SCHED_WAITERS]; /* what they had at the last look */
	struct sched_counts gone;
	uint64_t row_told[FL_LEDGER_ROWS]; /* run time: what was said last */
	struct {
		uint64_t run_ns, idle_ns;
	} told[FL_CPUS];
	struct away *away; /* cpus; owned */
	struct queue_clock clock;
};

/*
 * Of a CPU that was taken offline.  Its last switches may not be traced, so what it seems to run
 * then means nothing until it switches again.
 */
struct away {
	uint64_t since;      /* its last switch before; 0: it is not away */
	uint64_t seen_ns;    /* when it was last seen so */
	uint64_t counted_ns; /* what it had run and idled then */
	uint64_t off_ns;     /* in all, which the first switch after it took for idling */
};

static size_t elements(const struct sched_read *s)
{
	return (size_t)s->shards * FL_LEDGER_ROWS;
}

int sched_read_new(struct sched_read **ret, const int *fds, uint32_t cpus, uint32_t shards)
{
	struct sched_read *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->cpus = cpus;
	s->shards = shards;
	s->away = calloc(cpus, sizeof(*s->away));
	if (!s->away) {
		free(s);
		return -ENOMEM;
	}
	s->cpu = mapped_new(fds[0], cpus * sizeof(*s->cpu));
	s->cgroups = s->cpu ? mapped_new(fds[1], elements(s) * sizeof(*s->cgroups)) : NULL;
	s->details = s->cgroups ? mapped_new(fds[2], elements(s) * sizeof(*s->details)) : NULL;
	s->waiters = s->details ? mapped_new(fds[3], FL_SCHED_WAITERS * sizeof(*s->waiters)) : NULL;
	if (!s->waiters) {
		r = -errno;
		sched_read_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct sched_read *sched_read_free(struct sched_read *s)
{
	if (s) {
		mapped_free(s->cpu, s->cpus * sizeof(*s->cpu));
		mapped_free(s->cgroups, elements(s) * sizeof(*s->cgroups));
		mapped_free(s->details, elements(s) * sizeof(*s->details));
		mapped_free(s->waiters, FL_SCHED_WAITERS * sizeof(*s->waiters));
		free(s->away);
	}
	free(s);
	return NULL;
}

/* --- how the wire's counters are numbered --- */

/* Inlined, so that `get` is a load and no call: a scrape reads some 30,000 of them. */

static __always_inline void add_rare(uint64_t *n, const struct fl_sched_rare *rare,
				     uint64_t (*get)(const void *))
{
	n[SCHED_MOVED_NEAR] += get(&rare->moved[FL_SCHED_NEAR]);
	n[SCHED_MOVED_CACHE] += get(&rare->moved[FL_SCHED_OTHER_CACHE]);
	n[SCHED_MOVED_NODE] += get(&rare->moved[FL_SCHED_OTHER_NODE]);
	n[SCHED_STARTED] += get(&rare->started);
	n[SCHED_EXITED] += get(&rare->exited);
	n[SCHED_EXECS] += get(&rare->execs);
}

static __always_inline void add_slots(struct hist *h, const __u64 *places,
				      uint64_t (*get)(const void *))
{
	for (size_t slot = 0; slot < FL_HIST_SLOTS; slot++)
		h->slots[slot] += get(&places[FL_HIST_PLACE_OF(slot)]);
}

static __always_inline void add_element(struct sched_counts *to, const struct fl_sched_cgroup *c,
					const struct fl_sched_detail *d,
					uint64_t (*get)(const void *))
{
	uint64_t waits = get(&c->waits), wait_ns = get(&c->wait_ns);

	to->n[SCHED_WAITS] += waits;
	to->n[SCHED_WAIT_NS] += wait_ns;
	to->n[SCHED_RUN_NS] += get(&c->run_ns);
	to->n[SCHED_SLEPT_NS] += get(&c->slept_ns);
	to->n[SCHED_PREEMPTED_NS] += get(&c->preempted_ns);
	to->n[SCHED_PREEMPTED] += get(&c->preempted);
	to->wait.sum_ns += wait_ns;
	if (waits) /* its tasks may never have been on this CPU */
		add_slots(&to->wait, d->places, get);
	add_rare(to->n, &d->rare, get);
}

static uint64_t get(const void *counter)
{
	return mapped_load(counter);
}

/* A last dying task may still count: take what is there, as it is taken. */
static uint64_t take(const void *counter)
{
	return mapped_take((void *)counter);
}

static void read_cpu(struct sched_cpu_sample *to, const struct fl_sched_cpu *from)
{
	uint64_t *n = to->counts.n;
	uint32_t queued = __atomic_load_n(&from->queued, __ATOMIC_RELAXED);

	*to = (struct sched_cpu_sample){ .queued = queued ? queued - 1 : 0 };
	add_slots(&to->counts.wait, from->places, get);
	to->counts.wait.sum_ns = n[SCHED_WAIT_NS] = get(&from->wait_ns);
	n[SCHED_WAITS] = hist_count(&to->counts.wait);
	n[SCHED_SLEPT_NS] = get(&from->slept_ns);
	n[SCHED_PREEMPTED_NS] = get(&from->preempted_ns);
	n[SCHED_PREEMPTED] = get(&from->preempted);
	n[SCHED_SWITCHES] = get(&from->self[FL_SCHED_SWITCH].runs);
	n[SCHED_LOST] = get(&from->lost);
	add_rare(n, &from->rare, get);
}

/* --- what runs now --- */

/* The times of a CPU that belong together: a switch may come while they are read. */
struct running {
	uint64_t since, run_ns, idle_ns, cgroup;
	bool idle;
};

static struct running read_running(const struct fl_sched_cpu *cpu)
{
	struct running r;
	int tries = 1000; /* one that is not online may have stopped in the midst of it */

	do {
		r.since = __atomic_load_n(&cpu->since, __ATOMIC_ACQUIRE);
		r.run_ns = get(&cpu->run_ns);
		r.idle_ns = get(&cpu->idle_ns);
		r.cgroup = __atomic_load_n(&cpu->at, __ATOMIC_RELAXED) == FL_SCHED_NOBODY
				   ? 0
				   : get(&cpu->cgroup);
		r.idle = !__atomic_load_n(&cpu->task, __ATOMIC_ACQUIRE);
	} while ((!r.since || r.since != __atomic_load_n(&cpu->since, __ATOMIC_ACQUIRE)) &&
		 --tries);
	return r;
}

static uint64_t nearly_now(struct sched_read *s)
{
	uint64_t latest = 0;

	for (uint32_t cpu = 0; cpu < s->cpus; cpu++) {
		uint64_t since = get(&s->cpu[cpu].since);

		if (since > latest)
			latest = since;
	}
	return queue_clock_now(&s->clock, clock_ns(CLOCK_MONOTONIC_RAW), latest);
}

static void add_run(struct sched_sample *sample, uint64_t cgroup, uint64_t ns)
{
	for (size_t i = 0; i < sample->row_count; i++)
		if (sample->rows[i].of.cgroup == cgroup)
			sample->rows[i].counts.n[SCHED_RUN_NS] += ns;
}

/* Now is only nearly so: what was told once is not taken back. */
static uint64_t no_less(uint64_t *told, uint64_t ns)
{
	if (ns > *told)
		*told = ns;
	return *told;
}

static bool is_here(const struct away *a, const struct running *r, bool online)
{
	return online && (!a->since || a->since != r->since);
}

/*
 * How long a CPU was away until now, to be taken off its idle time: it can not have run and idled
 * for longer than it has been back.
 */
static uint64_t time_off(struct away *a, const struct running *r, uint64_t now, uint64_t counted,
			 bool here)
{
	uint64_t back = now - a->seen_ns, grown = counted - a->counted_ns;

	if (!here)
		*a = (struct away){ r->since, now, counted, a->off_ns };
	else if (a->since && grown > back)
		a->off_ns += grown - back;
	if (here)
		a->since = 0;
	return a->off_ns;
}

static void read_times(struct sched_read *s, const bool *online, struct sched_sample *ret)
{
	uint64_t now = nearly_now(s);

	for (size_t cpu = 0; cpu < s->cpus && cpu < ret->cpus; cpu++) {
		const struct running r = read_running(&s->cpu[cpu]);
		bool here = is_here(&s->away[cpu], &r, online[cpu]);
		uint64_t open = r.since && now > r.since && here ? now - r.since : 0;
		uint64_t *n = ret->cpu[cpu].counts.n, off;

		n[SCHED_RUN_NS] = r.run_ns + (r.idle ? 0 : open);
		n[SCHED_IDLE_NS] = r.idle_ns + (r.idle ? open : 0);
		off = time_off(&s->away[cpu], &r, now, n[SCHED_RUN_NS] + n[SCHED_IDLE_NS], here);
		n[SCHED_IDLE_NS] -= off < n[SCHED_IDLE_NS] ? off : n[SCHED_IDLE_NS];
		n[SCHED_RUN_NS] = no_less(&s->told[cpu].run_ns, n[SCHED_RUN_NS]);
		n[SCHED_IDLE_NS] = no_less(&s->told[cpu].idle_ns, n[SCHED_IDLE_NS]);
		if (!r.idle && r.cgroup)
			add_run(ret, r.cgroup, open);
	}
	for (size_t i = 0; i < ret->row_count; i++) {
		struct sched_row_sample *row = &ret->rows[i];

		row->counts.n[SCHED_RUN_NS] =
			no_less(&s->row_told[row->of.row], row->counts.n[SCHED_RUN_NS]);
	}
}

/* --- rows --- */

static uint64_t *owner(const struct sched_read *s, size_t row)
{
	return (uint64_t *)&s->cgroups[row].id; /* in shard 0 */
}

static void fetch(const struct sched_read *s, size_t row)
{
	for (size_t shard = 0; shard < s->shards; shard++) {
		size_t element = shard * FL_LEDGER_ROWS + row;

		mapped_fetch(&s->cgroups[element], sizeof(*s->cgroups));
		mapped_fetch(&s->details[element], sizeof(*s->details));
	}
}

static int read_rows(const struct sched_read *s, struct sched_sample *ret)
{
	ret->row_count = 0;
	for (uint32_t row = 0; row < FL_LEDGER_ROWS; row++) {
		uint64_t cgroup = __atomic_load_n(owner(s, row), __ATOMIC_ACQUIRE);
		struct sched_row_sample *to;

		if (row + MAPPED_AHEAD < FL_LEDGER_ROWS &&
		    mapped_load(owner(s, row + MAPPED_AHEAD)))
			fetch(s, row + MAPPED_AHEAD);
		if (row != FL_LEDGER_OTHER && !cgroup)
			continue;
		to = sched_sample_add_row(ret);
		if (!to)
			return -ENOMEM;
		to->of = (struct ledger_row){ row, cgroup };
		for (size_t shard = 0; shard < s->shards; shard++)
			add_element(&to->counts, &s->cgroups[shard * FL_LEDGER_ROWS + row],
				    &s->details[shard * FL_LEDGER_ROWS + row], get);
	}
	return 0;
}

static void read_waiters(const struct sched_read *s, struct sched_sample *ret)
{
	ret->waiter_count = 0;
	for (size_t row = 0; row < FL_SCHED_WAITERS; row++) {
		const struct fl_sched_waiter *from = &s->waiters[row];
		struct sched_waiter_sample *to = &ret->waiters[ret->waiter_count];

		if (!get(&from->waits) || (row != FL_LEDGER_OTHER && !get(&from->id)))
			continue;
		*to = (struct sched_waiter_sample){ .thread = (uint32_t)get(&from->id),
						    .cgroup = get(&from->cgroup),
						    .waits = get(&from->waits),
						    .wait_ns = get(&from->wait_ns),
						    .longest_ns = get(&from->longest_ns) };
		memcpy(to->name, from->comm, sizeof(to->name));
		to->name[sizeof(to->name) - 1] = '\0'; /* it may be changed while we copy */
		ret->waiter_count++;
	}
}

int sched_read_sample(struct sched_read *s, const bool *online, struct sched_sample *ret)
{
	int r;

	ret->self = (struct self_sample){ 0 };
	for (size_t cpu = 0; cpu < s->cpus && cpu < ret->cpus; cpu++) {
		read_cpu(&ret->cpu[cpu], &s->cpu[cpu]);
		for (int program = 0; program < FL_SCHED_PROGRAMS; program++)
			self_add(&ret->self.of[program], &s->cpu[cpu].self[program]);
	}
	r = read_rows(s, ret);
	read_times(s, online, ret);
	read_waiters(s, ret);
	ret->gone = s->gone;
	return r;
}

void sched_read_forget(struct sched_read *s, uint64_t cgroup)
{
	for (size_t row = 0; row < FL_LEDGER_ROWS; row++) {
		if (row == FL_LEDGER_OTHER || *owner(s, row) != cgroup)
			continue;
		for (size_t shard = 0; shard < s->shards; shard++) {
			size_t element = shard * FL_LEDGER_ROWS + row;

			add_element(&s->gone, &s->cgroups[element], &s->details[element], take);
			if (shard)
				__atomic_store_n(&s->cgroups[element].id, 0, __ATOMIC_RELAXED);
		}
		s->row_told[row] = 0;
		__atomic_store_n(owner(s, row), 0, __ATOMIC_RELEASE);
	}
}

void sched_read_forget_waiters(struct sched_read *s)
{
	for (size_t row = 0; row < FL_SCHED_WAITERS; row++) {
		struct fl_sched_waiter *w = &s->waiters[row];
		uint64_t waits = get(&w->waits);

		if (row != FL_LEDGER_OTHER && w->id && waits == s->waited[row]) {
			mapped_take(&w->waits);
			mapped_take(&w->wait_ns);
			mapped_take(&w->longest_ns);
			waits = 0;
			__atomic_store_n(&w->id, 0, __ATOMIC_RELEASE);
		}
		s->waited[row] = waits;
	}
}

void sched_read_set(struct sched_read *s, bool cgroups, bool detail)
{
	for (uint32_t cpu = 0; cpu < s->cpus; cpu++) {
		__atomic_store_n(&s->cpu[cpu].no_cgroups, !cgroups, __ATOMIC_RELAXED);
		__atomic_store_n(&s->cpu[cpu].no_detail, !detail, __ATOMIC_RELAXED);
	}
}
