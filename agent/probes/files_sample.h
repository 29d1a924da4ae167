/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files_sample: what the kernel's own files say at one moment, read for whom asked just then.
 * Reading them takes milliseconds, so only one beat in a window does (agent/signals/files_window).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/probes/cgroup_files.h"
#include "agent/probes/disk_names.h"
#include "agent/snapshot/node_use.h"

struct fs_machine;

struct files_sample {
	uint64_t when_ns;
	struct node_use node;
	struct cpu_times *cpus; /* by number; owned */
	size_t cpu_count;
	struct disk_table disks;
	struct cgroup_files_sample cgroups;
};

int files_sample_new(struct files_sample **ret, size_t cpus);
struct files_sample *files_sample_free(struct files_sample *s);
void files_sample_freep(struct files_sample **s);

/*
 * cgroups, briefly: see cgroup_files.h; NULL where no hierarchy is mounted.  last: who asks briefly
 * is told of the filesystems that were mounted then, if that is 15 s ago at most; NULL: of those
 * that are.  -ENOMEM.
 */
int files_sample_take(struct files_sample *s, struct cgroup_files *cgroups, uint64_t now_ns,
		      bool briefly, const struct files_sample *last, struct fs_machine *machine);
