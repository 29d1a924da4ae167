/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The scheduler, per CPU and per cgroup: how long tasks that could run waited for their CPU,
 * ran, and were away from it; how often they were switched, preempted, moved, started.
 *
 * One hook sees nearly all of it, and needs no state of ours to time a wait: the kernel notes
 * when a task was queued (sched_info.last_queued) and its run queue keeps the clock that it was
 * noted by, so a wait is one subtraction at the switch.  No clock is read, no hash map is
 * touched.  How long a task was off its CPU the kernel does not keep: fl_sched_left has when each
 * task went, in a place that follows from its id.  Two tasks whose ids share a place may overwrite
 * each other; that is seen by the id and counted as lost.
 *
 * Wake-ups need no hook either: a task that gets the CPU was woken, unless it had been preempted.
 *
 * Blind spots: the microseconds of a wake-up that takes the CPU from who has it at once, which to
 * the kernel is one moment (runqlat times them); the part of a wait before the task was moved to
 * another CPU (each run queue counts from its own arrival); and on kernels that keep BPF away from
 * pid 1 the switches away from that process: what comes then has the run time of it, but its wait
 * is not counted.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/lib/hist.bpf.h"
#include "bpf/lib/ledger.bpf.h"
#include "bpf/lib/self.bpf.h"
#include "bpf/sched/sched.h"

#define TASK_IS_DEAD 0x80 /* of prev_state */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define CGROUPS (FL_LEDGER_SHARDS * FL_LEDGER_ROWS)

struct fl_sched_cpu fl_sched_cpu[FL_CPUS] SEC(".bss.fl_cpu");
struct fl_sched_cgroup fl_sched_cgroup[CGROUPS] SEC(".bss.fl_cgroup");
struct fl_sched_detail fl_sched_detail[CGROUPS] SEC(".bss.fl_detail");
struct fl_sched_waiter fl_sched_waiter[FL_SCHED_WAITERS] SEC(".bss.fl_waiter");

/* When a task went, and whether it was preempted.  The lower bits of its id are the place. */
#define LEFT_PLACES (1 << 14)
static struct fl_left {
	__u64 when; /* 0: nobody ever did */
	__u32 task;
	__u32 preempted;
} fl_sched_left[LEFT_PLACES] SEC(".bss.fl_left");

static __always_inline struct fl_left *left_at(__u32 task)
{
	return &fl_sched_left[task & (LEFT_PLACES - 1)];
}

/*
 * What we have to know of a switch, however it was read.  Who comes is looked at when the other is
 * gone: fewer things at hand at once are fewer that are put aside in between.
 */
struct fl_going {
	__u32 task; /* its thread id; 0: idle */
	bool preempted, dead;
};

struct fl_coming {
	__u32 task;
	__u32 waiting; /* tasks on the queue, with this one */
	__u64 queued;  /* when it was queued */
	__u64 cgroup;
	__u64 arrived; /* how often it came before */
};

/* A row of a cgroup may belong to several CPUs. */
static __always_inline void add(const struct fl_sched_cpu *cpu, __u64 *to, __u64 n)
{
	if (__builtin_expect(cpu->shared, 0))
		__sync_fetch_and_add(to, n);
	else
		*to += n;
}

static __always_inline struct fl_sched_cpu *this_cpu(void)
{
	return &fl_sched_cpu[bpf_get_smp_processor_id() & (FL_CPUS - 1)];
}

static __always_inline struct fl_sched_cgroup *row_at(__u32 at)
{
	return (void *)fl_sched_cgroup +
	       (at & (sizeof(fl_sched_cgroup) - 1) & ~(__u32)(sizeof(struct fl_sched_cgroup) - 1));
}

static __always_inline struct fl_sched_detail *detail_at(__u32 at)
{
	return &fl_sched_detail[at / sizeof(struct fl_sched_cgroup) & (CGROUPS - 1)];
}

static __always_inline __u32 find_row(const struct fl_sched_cpu *cpu, __u64 cgroup)
{
	return (__u32)(fl_ledger_row(fl_sched_cgroup, sizeof(struct fl_sched_cgroup),
				     FL_LEDGER_ROWS, FL_LEDGER_SHARDS, cpu->shard, cgroup) -
		       (void *)fl_sched_cgroup);
}

/* The row of who runs, unless the agent has given it to another cgroup since. */
static __always_inline __u32 row_of_current(const struct fl_sched_cpu *cpu)
{
	if (__builtin_expect(row_at(cpu->at)->id == cpu->cgroup, 1))
		return cpu->at;
	return cpu->shard * sizeof(struct fl_sched_cgroup); /* FL_LEDGER_OTHER */
}

static __always_inline __u64 cgroup_of(const struct task_struct *task, bool typed)
{
	return typed ? task->cgroups->dfl_cgrp->kn->id
		     : BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/*
 * Somebody else goes than came: the switch between the two was kept from us.  Nearly all of the
 * time is his who goes.
 */
static __always_inline void find_out(struct fl_sched_cpu *cpu, const struct task_struct *prev,
				     bool typed)
{
	cpu->cgroup = cgroup_of(prev, typed);
	cpu->at = find_row(cpu, cpu->cgroup);
}

static __always_inline void leave(struct fl_sched_cpu *cpu, __u64 now, const struct fl_going *g,
				  const struct task_struct *prev, bool typed, bool cgroups)
{
	__u64 ran = now - cpu->since;
	struct fl_left *left;
	__u32 at;

	if (!cpu->since || now < cpu->since)
		return;
	*(volatile __u64 *)&cpu->since = 0; /* until we are through: a reader waits for it */
	if (!g->task) { /* or the CPU was offline: the agent takes that off again */
		cpu->idle_ns += ran;
		return;
	}
	/* What seldom changes is not written: its cache lines are not touched. */
	if (__builtin_expect(g->dead, 0)) {
		cpu->rare.exited++;
	} else { /* or one whose place it shares would be lost and nobody knew */
		left = left_at(g->task);
		left->task = g->task;
		left->preempted = g->preempted;
		left->when = now;
	}
	cpu->run_ns += ran;
	if (g->preempted)
		cpu->preempted++;
	if (!cgroups)
		return;
	if (__builtin_expect(g->task != cpu->task, 0))
		find_out(cpu, prev, typed);
	if (cpu->at == FL_SCHED_NOBODY)
		return;
	at = row_of_current(cpu);
	add(cpu, &row_at(at)->run_ns, ran);
	if (g->preempted)
		add(cpu, &row_at(at)->preempted, 1);
	if (g->dead)
		add(cpu, &detail_at(at)->rare.exited, 1);
}

/* Typed loads where there are types: the helper is refused under lockdown=confidentiality. */
static __always_inline void copy_name(char *to, struct task_struct *task, bool typed)
{
	if (typed) {
		((__u64 *)to)[0] = *(__u64 *)&task->comm[0];
		((__u64 *)to)[1] = *(__u64 *)&task->comm[8];
	} else {
		bpf_probe_read_kernel_str(to, sizeof(task->comm), task->comm);
	}
}

static __always_inline void count_long_wait(const struct fl_coming *c, __u64 wait,
					    struct task_struct *task, bool typed)
{
	struct fl_sched_waiter *row =
		fl_ledger_row(fl_sched_waiter, sizeof(*row), FL_SCHED_WAITERS, 1, 0, c->task);

	__sync_fetch_and_add(&row->waits, 1);
	__sync_fetch_and_add(&row->wait_ns, wait);
	if (wait > row->longest_ns)
		row->longest_ns = wait;
	if (row->id != c->task) /* FL_LEDGER_OTHER: many */
		return;
	row->cgroup = c->cgroup;
	copy_name(row->comm, task, typed);
}

static __always_inline void count_wait(struct fl_sched_cpu *cpu, __u64 wait, bool cgroups)
{
	__u32 place = fl_hist_place(wait);

	cpu->places[place]++;
	cpu->wait_ns += wait;
	if (!cgroups)
		return;
	add(cpu, &row_at(cpu->at)->waits, 1);
	add(cpu, &row_at(cpu->at)->wait_ns, wait);
	if (!cpu->no_detail)
		add(cpu, &detail_at(cpu->at)->places[place], 1);
}

static __always_inline void count_absence(struct fl_sched_cpu *cpu, __u64 now,
					  const struct fl_coming *c, bool cgroups)
{
	const struct fl_left *left = left_at(c->task);
	__s64 away;

	if (!c->arrived) { /* what its word says is another's */
		cpu->rare.started++;
		if (cgroups)
			add(cpu, &detail_at(cpu->at)->rare.started, 1);
		return;
	}
	if (__builtin_expect(left->task != c->task, 0)) {
		if (left->when) /* or it went before we came */
			cpu->lost++;
		return;
	}
	away = now - left->when;
	if (away < 0) /* clocks of two run queues differ a little */
		away = 0;
	if (left->preempted) {
		cpu->preempted_ns += away;
		if (cgroups)
			add(cpu, &row_at(cpu->at)->preempted_ns, away);
	} else {
		cpu->slept_ns += away;
		if (cgroups)
			add(cpu, &row_at(cpu->at)->slept_ns, away);
	}
}

static __always_inline void arrive(struct fl_sched_cpu *cpu, __u64 now, const struct fl_coming *c,
				   struct task_struct *task, bool typed, bool cgroups)
{
	cpu->task = c->task;
	cpu->queued = c->waiting;
	if (!cgroups) {
		cpu->at = FL_SCHED_NOBODY;
	} else if (c->task) {
		cpu->at = find_row(cpu, c->cgroup);
		cpu->cgroup = c->cgroup;
	}
	*(volatile __u64 *)&cpu->since = now; /* from here on a reader may look */
	if (!c->task)
		return;
	count_absence(cpu, now, c, cgroups);
	if (!c->queued || now < c->queued)
		return;
	count_wait(cpu, now - c->queued, cgroups);
	if (__builtin_expect(now - c->queued > FL_SCHED_LONG_NS, 0))
		count_long_wait(c, now - c->queued, task, typed);
}

/*
 * Where nothing is counted per cgroup, which is decided once a switch, the rest is in one piece: a
 * third of the code has no part in it, and does not lie in between.
 */
static __always_inline int switch_typed(struct fl_sched_cpu *cpu, bool preempt,
					struct task_struct *prev, struct task_struct *next,
					unsigned int prev_state, bool cgroups)
{
	__u64 begun = fl_self_begin(&cpu->self[FL_SCHED_SWITCH]);
	const struct rq *rq = next->se.cfs_rq->rq;
	__u64 now = rq->clock;
	const struct fl_going going = {
		.task = prev->pid,
		.preempted = preempt || !prev_state,
		.dead = prev_state & TASK_IS_DEAD,
	};
	struct fl_coming coming;

	leave(cpu, now, &going, prev, true, cgroups);
	coming = (struct fl_coming){
		.task = next->pid,
		.waiting = rq->nr_running,
		.queued = next->sched_info.last_queued,
		.cgroup = cgroups ? cgroup_of(next, true) : 0,
		.arrived = next->sched_info.pcount,
	};
	arrive(cpu, now, &coming, next, true, cgroups);
	fl_self_end(&cpu->self[FL_SCHED_SWITCH], begun);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(fl_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	struct fl_sched_cpu *cpu = this_cpu();

	if (cpu->no_cgroups)
		return switch_typed(cpu, preempt, prev, next, prev_state, false);
	return switch_typed(cpu, preempt, prev, next, prev_state, true);
}

/* The same for kernels that refuse the typed hook: every step is a checked copy, so dearer. */
static __always_inline int switch_raw(struct fl_sched_cpu *cpu, bool preempt,
				      struct task_struct *prev, struct task_struct *next,
				      unsigned int prev_state, bool cgroups)
{
	__u64 begun = fl_self_begin(&cpu->self[FL_SCHED_SWITCH]);
	const struct rq *rq = BPF_CORE_READ(next, se.cfs_rq, rq);
	__u64 now = BPF_CORE_READ(rq, clock);
	const struct fl_going going = {
		.task = BPF_CORE_READ(prev, pid),
		.preempted = preempt || !prev_state,
		.dead = prev_state & TASK_IS_DEAD,
	};
	struct fl_coming coming;

	leave(cpu, now, &going, prev, false, cgroups);
	coming = (struct fl_coming){
		.task = BPF_CORE_READ(next, pid),
		.waiting = BPF_CORE_READ(rq, nr_running),
		.queued = BPF_CORE_READ(next, sched_info.last_queued),
		.cgroup = cgroups ? cgroup_of(next, false) : 0,
		.arrived = BPF_CORE_READ(next, sched_info.pcount),
	};
	arrive(cpu, now, &coming, next, false, cgroups);
	fl_self_end(&cpu->self[FL_SCHED_SWITCH], begun);
	return 0;
}

SEC("raw_tp/sched_switch")
int BPF_PROG(fl_sched_raw, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	struct fl_sched_cpu *cpu = this_cpu();

	if (cpu->no_cgroups)
		return switch_raw(cpu, preempt, prev, next, prev_state, false);
	return switch_raw(cpu, preempt, prev, next, prev_state, true);
}

/* Seldom enough for adds that nobody can come between: a task may be preempted in here. */
static __always_inline void count_rare(struct fl_sched_cpu *cpu, __u64 cgroup, __u64 *on_cpu,
				       __u64 in_row)
{
	void *row;

	__sync_fetch_and_add(on_cpu, 1);
	if (cpu->no_cgroups)
		return;
	row = &detail_at(find_row(cpu, cgroup))->rare;
	if (in_row <= sizeof(struct fl_sched_rare) - sizeof(__u64))
		__sync_fetch_and_add((__u64 *)(row + in_row), 1);
}

static __always_inline int migrated(struct fl_sched_cpu *cpu, __u64 cgroup, __u32 from, __u32 to)
{
	__u64 begun = fl_self_begin(&cpu->self[FL_SCHED_MIGRATE]);
	const struct fl_sched_cpu *was = &fl_sched_cpu[from & (FL_CPUS - 1)];
	const struct fl_sched_cpu *will = &fl_sched_cpu[to & (FL_CPUS - 1)];
	enum fl_sched_move move = was->node != will->node     ? FL_SCHED_OTHER_NODE
				  : was->cache != will->cache ? FL_SCHED_OTHER_CACHE
							      : FL_SCHED_NEAR;

	if (was != will)
		count_rare(cpu, cgroup, &cpu->rare.moved[move],
			   offsetof(struct fl_sched_rare, moved) + move * sizeof(__u64));
	fl_self_end(&cpu->self[FL_SCHED_MIGRATE], begun);
	return 0;
}

static __always_inline int execed(struct fl_sched_cpu *cpu, __u64 cgroup)
{
	__u64 begun = fl_self_begin(&cpu->self[FL_SCHED_EXEC]);

	count_rare(cpu, cgroup, &cpu->rare.execs, offsetof(struct fl_sched_rare, execs));
	fl_self_end(&cpu->self[FL_SCHED_EXEC], begun);
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(fl_sched_migrate, struct task_struct *task, int to)
{
	return migrated(this_cpu(), cgroup_of(task, true), task->thread_info.cpu, to);
}

SEC("raw_tp/sched_migrate_task")
int BPF_PROG(fl_sched_migrate_raw, struct task_struct *task, int to)
{
	return migrated(this_cpu(), cgroup_of(task, false), BPF_CORE_READ(task, thread_info.cpu),
			to);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(fl_sched_exec, struct task_struct *task)
{
	return execed(this_cpu(), cgroup_of(task, true));
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(fl_sched_exec_raw, struct task_struct *task)
{
	return execed(this_cpu(), cgroup_of(task, false));
}
