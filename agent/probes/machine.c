/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/machine.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/base/fs.h"

static ssize_t read_below(const char *root, const char *path, char *buffer, size_t size)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	return fs_read(whole, buffer, size);
}

/* /sys/kernel/security/lockdown says "none [integrity] confidentiality": the one in brackets. */
static void read_lockdown(struct machine *m, const char *root)
{
	char text[128], *from, *to;

	if (read_below(root, "/sys/kernel/security/lockdown", text, sizeof(text)) < 0)
		return;
	from = strchr(text, '[');
	to = from ? strchr(from, ']') : NULL;
	if (to)
		snprintf(m->lockdown, sizeof(m->lockdown), "%.*s", (int)(to - from - 1), from + 1);
}

static enum cgroup_layout read_layout(const char *root)
{
	bool v1 = false, v2 = false;
	char mounts[65536];

	if (read_below(root, "/proc/self/mounts", mounts, sizeof(mounts)) < 0)
		return CGROUP_NONE;
	v2 = strstr(mounts, " cgroup2 ") != NULL;
	v1 = strstr(mounts, " cgroup ") != NULL;
	return v1 && v2 ? CGROUP_HYBRID : v2 ? CGROUP_V2 : v1 ? CGROUP_V1 : CGROUP_NONE;
}

void machine_read(struct machine *ret, const char *root)
{
	struct machine m = { 0 };
	char path[PATH_MAX], text[16];
	struct utsname names;

	if (!uname(&names)) {
		snprintf(m.host, sizeof(m.host), "%s", names.nodename);
		snprintf(m.kernel, sizeof(m.kernel), "%s", names.release);
		snprintf(m.machine, sizeof(m.machine), "%s", names.machine);
	}
	snprintf(path, sizeof(path), "%s/sys/kernel/btf/vmlinux", root);
	m.btf = access(path, R_OK) == 0;
	m.jit = read_below(root, "/proc/sys/net/core/bpf_jit_enable", text, sizeof(text)) < 0 ||
		text[0] !=
			'0'; /* hidden from all but root: a kernel that hides it is built to use it */
	read_lockdown(&m, root);
	m.cgroups = read_layout(root);
	*ret = m;
}

int machine_parse_cpus(const char *list, bool *online, size_t count)
{
	memset(online, 0, count * sizeof(*online));
	while (*list) {
		char *end;
		unsigned long from, to;

		if (!isdigit((unsigned char)*list))
			return -EINVAL;
		from = to = strtoul(list, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return -EINVAL;
			to = strtoul(end + 1, &end, 10);
		}
		for (unsigned long cpu = from; cpu <= to && cpu < count; cpu++)
			online[cpu] = true;
		if (*end && *end != ',')
			return -EINVAL;
		list = *end ? end + 1 : end;
	}
	return 0;
}

void machine_online_cpus(struct fs_machine *files, bool *online, size_t count)
{
	char list[4096];

	if (fs_machine_read(files, "/sys/devices/system/cpu/online", list, sizeof(list)) < 0 ||
	    machine_parse_cpus(list, online, count))
		memset(online, 1, count * sizeof(*online)); /* unknown: hide none */
}

uint64_t machine_rss_bytes(const char *root, int pid)
{
	char path[64], text[256];
	unsigned long long size, resident;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	if (read_below(root, path, text, sizeof(text)) < 0 ||
	    sscanf(text, "%llu %llu", &size, &resident) != 2)
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
