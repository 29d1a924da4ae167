/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Run-queue wait: how long a task that could run had to wait for its CPU, per CPU as a
 * histogram and per cgroup as count and sum.
 *
 * One hook and no state per task: the kernel already notes when a task was queued
 * (sched_info.last_queued) and its run queue keeps the clock that it was noted by, so the
 * wait is one subtraction at the switch.  No clock is read, no hash map is touched.
 *
 * Blind spots: the part of a wait before the task was moved to another CPU (each run queue
 * counts from its own arrival), and on kernels that keep BPF away from pid 1 the switches
 * away from that process.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/lib/hist.bpf.h"
#include "bpf/lib/ledger.bpf.h"
#include "bpf/sched/sched.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct fl_sched_cpu fl_sched_cpu[FL_CPUS] SEC(".bss.fl_cpu");
struct fl_sched_cgroup fl_sched_cgroup[FL_LEDGER_SHARDS * FL_LEDGER_ROWS] SEC(".bss.fl_cgroup");

static __always_inline struct fl_sched_cpu *count_on_cpu(__u64 wait)
{
	struct fl_sched_cpu *cpu = &fl_sched_cpu[bpf_get_smp_processor_id() & (FL_CPUS - 1)];
	__u32 at = fl_hist_slot(wait);

	if (at < FL_HIST_SLOTS) /* always so; the verifier wants to see it */
		cpu->slots[at]++;
	cpu->wait_ns += wait;
	return cpu;
}

static __always_inline void count_in_cgroup(const struct fl_sched_cpu *cpu, __u64 id, __u64 wait)
{
	struct fl_sched_cgroup *row = fl_ledger_row(fl_sched_cgroup, sizeof(*row), FL_LEDGER_ROWS,
						    FL_LEDGER_SHARDS, cpu->shard, id);

	if (__builtin_expect(cpu->shared, 0)) {
		__sync_fetch_and_add(&row->waits, 1);
		__sync_fetch_and_add(&row->wait_ns, wait);
	} else {
		row->waits++;
		row->wait_ns += wait;
	}
}

SEC("tp_btf/sched_switch")
int BPF_PROG(fl_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 queued = next->sched_info.last_queued;
	__u64 now = next->se.cfs_rq->rq->clock;
	struct fl_sched_cpu *cpu;

	if (!queued || now < queued) /* the idle task is never queued */
		return 0;
	cpu = count_on_cpu(now - queued);
	if (!cpu->no_cgroups)
		count_in_cgroup(cpu, next->cgroups->dfl_cgrp->kn->id, now - queued);
	return 0;
}

/* The same for kernels that refuse the typed hook: every step is a checked copy, so dearer. */
SEC("raw_tp/sched_switch")
int BPF_PROG(fl_sched_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 queued = BPF_CORE_READ(next, sched_info.last_queued);
	__u64 now = BPF_CORE_READ(next, se.cfs_rq, rq, clock);
	struct fl_sched_cpu *cpu;

	if (!queued || now < queued)
		return 0;
	cpu = count_on_cpu(now - queued);
	if (!cpu->no_cgroups)
		count_in_cgroup(cpu, BPF_CORE_READ(next, cgroups, dfl_cgrp, kn, id), now - queued);
	return 0;
}
