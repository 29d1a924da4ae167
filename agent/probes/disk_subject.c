/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be loaded of bpf/disk, for agent/probes/load. */
#include "agent/probes/load.h"
#include "bpf/disk/disk.h"
#include "bpf/disk/disk.skel.h"

static void set_up(struct bpf_object *object, const struct load_shape *shape, bool cgroups)
{
	struct fl_disk_device *rows = load_data(object, ".bss.fl_device");

	(void)shape;
	for (uint64_t row = 0; row < FL_DISK_DEVICES; row++) {
		rows[row].index = row;
		rows[row].no_cgroups = !cgroups;
	}
}

const struct load_subject disk_subject = {
	.name = "disk",
	.bytes = disk_bpf__elf_bytes,
	.maps = { ".bss.fl_device", ".bss.fl_cgroup" },
	.parts = { { "block_rq_issue",
		     "I/Os and bytes per device and cgroup",
		     true,
		     { { "tp_btf/block_rq_issue", "fl_disk_issue" },
		       { "raw_tp/block_rq_issue", "fl_disk_issue_raw" } } },
		   { "block_rq_complete",
		     "times, errors and what is in flight",
		     false,
		     { { "tp_btf/block_rq_complete", "fl_disk_complete" },
		       { "raw_tp/block_rq_complete", "fl_disk_complete_raw" } } },
		   { "block_rq_requeue",
		     "what was started twice counts twice",
		     false,
		     { { "tp_btf/block_rq_requeue", "fl_disk_requeue" },
		       { "raw_tp/block_rq_requeue", "fl_disk_requeue_raw" } } },
		   { "block_rq_merge",
		     "merges of whole requests",
		     false,
		     { { "tp_btf/block_rq_merge", "fl_disk_merge" } } },
		   { "block_bio_backmerge",
		     "merges at the end of a request",
		     false,
		     { { "tp_btf/block_bio_backmerge", "fl_disk_backmerge" } } },
		   { "block_bio_frontmerge",
		     "merges at the front of a request",
		     false,
		     { { "tp_btf/block_bio_frontmerge", "fl_disk_frontmerge" } } } },
	.set_up = set_up,
};
