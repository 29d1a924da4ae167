/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be loaded of bpf/sched, for agent/probes/load. */
#include "agent/probes/load.h"
#include "bpf/lib/ledger.h"
#include "bpf/sched/sched.h"
#include "bpf/sched/sched.skel.h"

static void set_up(struct bpf_object *object, const struct load_shape *shape, bool cgroups)
{
	struct fl_sched_cpu *rows = load_data(object, ".bss.fl_cpu");

	for (uint32_t cpu = 0; cpu < FL_CPUS; cpu++) {
		rows[cpu].shard = cpu % shape->shards * FL_LEDGER_ROWS;
		rows[cpu].shared = shape->cpus > shape->shards;
		rows[cpu].no_cgroups = !cgroups;
	}
}

const struct load_subject sched_subject = {
	.name = "sched",
	.bytes = sched_bpf__elf_bytes,
	.maps = { ".bss.fl_cpu", ".bss.fl_cgroup" },
	.parts = { { "sched_switch",
		     "run-queue waits per CPU and cgroup",
		     true,
		     { { "tp_btf/sched_switch", "fl_sched_switch" },
		       { "raw_tp/sched_switch", "fl_sched_raw" } } } },
	.set_up = set_up,
};
