/* SPDX-License-Identifier: Apache-2.0 */
/* machine: what the kernel's own files say of this node. root: "" or a folder that stands for it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgroup_layout { CGROUP_V2, CGROUP_HYBRID, CGROUP_V1, CGROUP_NONE };

struct fs_machine;

struct machine {
	char host[65], kernel[65], machine[65];
	bool btf;
	bool jit;
	char lockdown[24]; /* none, integrity, confidentiality; "" unknown */
	enum cgroup_layout cgroups;
};

void machine_read(struct machine *ret, const char *root);

/* online[cpu] for cpu < count, from a list such as "0-3,6". */
void machine_online_cpus(struct fs_machine *files, bool *online, size_t count);
int machine_parse_cpus(const char *list, bool *online, size_t count);

uint64_t machine_rss_bytes(const char *root, int pid); /* 0 when unknown */
