/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be loaded of bpf/disk, for agent/probes/load; parts as enum fl_disk_program. */
#include "agent/probes/load.h"
#include "bpf/disk/disk.h"
#include "bpf/disk/disk.skel.h"

static void set_up(struct bpf_object *object, const struct load_shape *shape, bool cgroups)
{
	struct fl_disk_device *rows = load_data(object, ".bss.fl_device");
	struct fl_disk_cgroup *shares = load_data(object, ".bss.fl_cgroup");

	(void)shape;
	for (uint64_t row = 0; row < FL_DISK_DEVICES; row++) {
		rows[row].index = row;
		rows[row].no_cgroups = !cgroups;
	}
	for (uint64_t row = 0; row < FL_DISK_CGROUPS; row++)
		shares[row].row = row;
}

const struct load_subject disk_subject = {
	.name = "disk",
	.bytes = disk_bpf__elf_bytes,
	.maps = { ".bss.fl_device", ".bss.fl_cgroup", ".bss.fl_detail", ".bss.fl_cpu" },
	.parts = { { "block_rq_issue",
		     "I/Os and bytes per device and cgroup",
		     true,
		     { { "tp_btf/block_rq_issue", "fl_disk_issue" },
		       { "raw_tp/block_rq_issue", "fl_disk_issue_raw" } } },
		   { "block_rq_complete",
		     "times, errors, and flushes without data",
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
		     { { "tp_btf/block_bio_frontmerge", "fl_disk_frontmerge" } } },
		   { "block_bio_queue",
		     "I/Os of devices without requests (zram, dm)",
		     false,
		     { { "tp_btf/block_bio_queue", "fl_disk_bio" },
		       { "raw_tp/block_bio_queue", "fl_disk_bio_raw" } } },
		   { "block_bio_complete",
		     "times and errors of devices without requests",
		     false,
		     { { "tp_btf/block_bio_complete", "fl_disk_bio_end" },
		       { "raw_tp/block_bio_complete", "fl_disk_bio_end_raw" } } },
		   { "block_split",
		     "what such devices cut in pieces counts once",
		     false,
		     { { "tp_btf/block_split", "fl_disk_split" },
		       { "raw_tp/block_split", "fl_disk_split_raw" } } } },
	.set_up = set_up,
};
