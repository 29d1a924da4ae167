/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's files: whatever is in them, reading it ends and stays within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/probes/cgroup_parse.h"
#include "agent/probes/disk_table.h"
#include "agent/probes/filesystems.h"
#include "agent/probes/network.h"
#include "agent/probes/node_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_cgroup(const char *text)
{
	struct cgroup_use use = { 0 };
	char from[USE_FROM_TEXT];

	for (size_t c = 0; c < cgroup_controller_count; c++)
		for (const struct cgroup_file *f = cgroup_controllers[c].files; f->name; f++)
			f->parse(&use, text);
	cgroup_use_from(&use, from);
	cgroup_use_working_set(&use);
}

static void parse_disks(const char *text)
{
	CLEANUP(freep) char *copy = strdup(text);
	struct disk_table disks;

	disk_table_parse(&disks, copy);
	disk_table_clear(&disks);
}

static void parse_node(const char *text)
{
	static struct node_use n;
	struct cpu_times cpus[4] = { 0 };
	struct zram z = { 0 };

	node_parse_stat(&n, cpus, 4, text);
	node_parse_loadavg(&n, text);
	node_parse_file_nr(&n, text);
	node_parse_vmstat(&n, text);
	node_parse_policy(n.huge_pages.enabled, text);
	node_parse_zram(&z, text, text);
	filesystems_parse(&n, text);
	parse_disks(text);
	if (n.filesystem_count > FILESYSTEMS_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct network network;
	CLEANUP(freep) char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	parse_cgroup(text);
	parse_node(text);
	network_parse(&network, text);
	return 0;
}
