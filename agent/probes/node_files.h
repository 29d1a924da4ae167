/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_files: what /proc and /sys say of the node for whom it is not worth a beat.  Parsers are
 * pure and take any text; what it does not say stays not known.
 */
#pragma once
#include <stddef.h>

#include "agent/snapshot/node_use.h"

struct fs_machine;

/* Filesystems (probes/filesystems.h) and disks (probes/files_sample.h) are filled by others; what
 * seldom changes is read, or copied, by itself; cpus[cpu] for cpu < count. */
void node_files_read(struct node_use *ret, struct cpu_times *cpus, size_t count,
		     struct fs_machine *machine);
void node_files_read_seldom(struct node_use *to, struct fs_machine *machine);
void node_files_copy_seldom(struct node_use *to, const struct node_use *from);

void node_parse_stat(struct node_use *to, struct cpu_times *cpus, size_t count, const char *text);
void node_parse_loadavg(struct node_use *to, const char *text);
void node_parse_file_nr(struct node_use *to, const char *text);
void node_parse_vmstat(struct node_use *to, const char *text);

/* "always [madvise] never" says madvise; "" when nothing is in brackets. */
void node_parse_policy(char ret[POLICY_TEXT], const char *text);
void node_parse_zram(struct zram *to, const char *mm_stat, const char *io_stat);
