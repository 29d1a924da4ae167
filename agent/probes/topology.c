/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/topology.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include "agent/base/cleanup.h"
#include "agent/base/fs.h"

#define LEVELS 8 /* indexes are by level, and instructions beside data in the first */

static unsigned int number_in(const char *path)
{
	unsigned int number = 0;
	char text[64];

	if (fs_read(path, text, sizeof(text)) <= 0 || sscanf(text, "%u", &number) != 1)
		return 0;
	return number;
}

/* "0-3,8-11" names the group by its first. */
static unsigned int last_cache(const char *folder)
{
	unsigned int first = 0, highest = 0;
	char path[PATH_MAX];

	for (int index = 0; index < LEVELS; index++) {
		unsigned int level;

		snprintf(path, sizeof(path), "%s/cache/index%d/level", folder, index);
		level = number_in(path);
		if (level <= highest)
			continue;
		highest = level;
		snprintf(path, sizeof(path), "%s/cache/index%d/shared_cpu_list", folder, index);
		first = number_in(path);
	}
	return first;
}

static unsigned int memory_node(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned int node = 0;

	if (!dir)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (sscanf(entry->d_name, "node%u", &node) == 1)
			break;
	closedir(dir);
	return node;
}

struct topology topology_read(const char *root, unsigned int cpu)
{
	char folder[PATH_MAX - 64];

	snprintf(folder, sizeof(folder), "%s/sys/devices/system/cpu/cpu%u", root, cpu);
	return (struct topology){ .cache = (uint16_t)last_cache(folder),
				  .node = (uint16_t)memory_node(folder) };
}
