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

/* A knob that the agent may turn at run time: count waits per cgroup as well. */
bool fl_sched_cgroups = true;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set to the number of possible CPUs before load */
	__type(key, __u32);
	__type(value, struct fl_sched_cpu);
} fl_sched_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FL_LEDGER_ROWS); /* times the shards, set before load */
	__type(key, __u32);
	__type(value, struct fl_sched_cgroup);
} fl_sched_cgroup SEC(".maps");

static __always_inline void count(__u64 queued, __u64 now, __u64 cgroup_id)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct fl_sched_cgroup *cgroup;
	struct fl_sched_cpu *row;
	__u64 wait = now - queued;
	__u32 at;

	row = bpf_map_lookup_elem(&fl_sched_cpu, &cpu);
	if (!row)
		return;
	at = fl_hist_slot(wait);
	if (at < FL_HIST_SLOTS) /* always so; the verifier wants to see it */
		row->slots[at]++;
	row->wait_ns += wait;

	if (!fl_sched_cgroups)
		return;
	at = (cpu & (fl_ledger_shards - 1)) * FL_LEDGER_ROWS + fl_ledger_row(cgroup_id);
	cgroup = bpf_map_lookup_elem(&fl_sched_cgroup, &at);
	if (!cgroup)
		return;
	if (fl_ledger_shared) {
		__sync_fetch_and_add(&cgroup->waits, 1);
		__sync_fetch_and_add(&cgroup->wait_ns, wait);
	} else {
		cgroup->waits++;
		cgroup->wait_ns += wait;
	}
}

SEC("tp_btf/sched_switch")
int BPF_PROG(fl_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 queued = next->sched_info.last_queued;
	__u64 now = next->se.cfs_rq->rq->clock;

	if (queued && now >= queued) /* the idle task is never queued */
		count(queued, now, next->cgroups->dfl_cgrp->kn->id);
	return 0;
}

/* The same for kernels that refuse the typed hook: every step is a checked copy, so dearer. */
SEC("raw_tp/sched_switch")
int BPF_PROG(fl_sched_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 queued = BPF_CORE_READ(next, sched_info.last_queued);
	__u64 now = BPF_CORE_READ(next, se.cfs_rq, rq, clock);

	if (queued && now >= queued)
		count(queued, now, BPF_CORE_READ(next, cgroups, dfl_cgrp, kn, id));
	return 0;
}
