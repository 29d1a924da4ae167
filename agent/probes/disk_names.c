/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_names.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool disk_name(const char *root, uint32_t number, char ret[DISK_NAME])
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/sys/dev/block/%u:%u", root, number >> 20,
		 number & 0xfffff);
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
