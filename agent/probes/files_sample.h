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
#include "agent/probes/disk_table.h"
#include "agent/snapshot/node_use.h"

struct disk_sample;
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
 * Who asks briefly is told of the last reading what seldom changes, if that is 15 s ago at most:
 * which filesystems are mounted, how pages are shared, made huge and compressed; and of disks that
 * did nothing since.
 */
struct files_asked {
	uint64_t now_ns;
	bool briefly;                      /* see cgroup_files.h as well */
	const struct files_sample *last;   /* NULL: there was none */
	const struct disk_sample *counted; /* see disk_table.h; NULL: not of every device */
};

/* cgroups: NULL where no hierarchy is mounted.  -ENOMEM. */
int files_sample_take(struct files_sample *s, struct cgroup_files *cgroups,
		      struct fs_machine *machine, const struct files_asked *asked);
