/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_names.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/fs.h"

static void folder(char ret[PATH_MAX], const char *root, uint32_t number, const char *file)
{
	snprintf(ret, PATH_MAX, "%s/sys/dev/block/%u:%u%s", root, number >> 20, number & 0xfffff,
		 file);
}

bool disk_name(const char *root, uint32_t number, char ret[DISK_NAME])
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;

	folder(path, root, number, "");
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0) {
		snprintf(ret, DISK_NAME, "%u:%u", number >> 20, number & 0xfffff);
		return false;
	}
	target[n] = '\0';
	name = strrchr(target, '/');
	snprintf(ret, DISK_NAME, "%.*s", DISK_NAME - 1, name ? name + 1 : target);
	return true;
}

bool disk_in_flight(const char *root, uint32_t number, uint64_t *ret)
{
	unsigned long long reads, writes;
	char path[PATH_MAX], text[64];

	folder(path, root, number, "/inflight");
	if (fs_read(path, text, sizeof(text)) < 0 ||
	    sscanf(text, "%llu %llu", &reads, &writes) != 2)
		return false;
	*ret = reads + writes;
	return true;
}
