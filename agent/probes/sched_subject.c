/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be loaded of bpf/sched, for agent/probes/load. */
#include "agent/probes/load.h"
#include "agent/probes/topology.h"
#include "bpf/lib/ledger.h"
#include "bpf/sched/sched.h"
#include "bpf/sched/sched.skel.h"

static void set_up(struct bpf_object *object, const struct load_shape *shape, bool cgroups)
{
	struct fl_sched_cpu *rows = load_data(object, ".bss.fl_cpu");

	for (uint32_t cpu = 0; cpu < shape->cpus && cpu < FL_CPUS; cpu++) {
		const struct topology topology = topology_read("", cpu);

		rows[cpu].shard = cpu % shape->shards * FL_LEDGER_ROWS;
		rows[cpu].shared = shape->cpus > shape->shards;
		rows[cpu].no_cgroups = !cgroups;
		rows[cpu].cache = topology.cache;
		rows[cpu].node = topology.node;
	}
}

const struct load_subject sched_subject = {
	.name = "sched",
	.bytes = sched_bpf__elf_bytes,
	.maps = { ".bss.fl_cpu", ".bss.fl_cgroup", ".bss.fl_detail", ".bss.fl_waiter" },
	.parts = { { "sched_switch",
		     "waits, run times and switches per CPU and cgroup",
		     true,
		     { { "tp_btf/sched_switch", "fl_sched_switch" },
		       { "raw_tp/sched_switch", "fl_sched_raw" } } },
		   { "sched_migrate_task",
		     "how often tasks are moved between CPUs",
		     false,
		     { { "tp_btf/sched_migrate_task", "fl_sched_migrate" },
		       { "raw_tp/sched_migrate_task", "fl_sched_migrate_raw" } } },
		   { "sched_process_exec",
		     "how often programs are started",
		     false,
		     { { "tp_btf/sched_process_exec", "fl_sched_exec" },
		       { "raw_tp/sched_process_exec", "fl_sched_exec_raw" } } } },
	.set_up = set_up,
};
