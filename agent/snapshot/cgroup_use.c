/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/cgroup_use.h"

#include <stdio.h>
#include <string.h>

const char *const use_names[] = { "cpu", "throttling", "memory", "io", "pids", "pressure" };
_Static_assert(sizeof(use_names) / sizeof(char *) == _USE_MAX, "a name each");

static void less(uint64_t *now, uint64_t then)
{
	if (*now >= then) /* else it is a cgroup made anew under the old name */
		*now -= then;
}

void cgroup_use_between(struct cgroup_use *ret, const struct cgroup_use *then,
			const struct cgroup_use *now)
{
	struct cgroup_use d = *now;

	for (int of = 0; then && of < _USE_MAX; of++)
		if (then->version[of] != now->version[of])
			d.version[of] = 0;
	if (then) {
		less(&d.cpu.usage_ns, then->cpu.usage_ns);
		less(&d.cpu.user_ns, then->cpu.user_ns);
		less(&d.cpu.system_ns, then->cpu.system_ns);
		less(&d.throttling.periods, then->throttling.periods);
		less(&d.throttling.throttled_periods, then->throttling.throttled_periods);
		less(&d.throttling.throttled_ns, then->throttling.throttled_ns);
		less(&d.memory.major_faults, then->memory.major_faults);
		less(&d.memory.oom_kills, then->memory.oom_kills);
		less(&d.memory.limit_hits, then->memory.limit_hits);
		less(&d.io.read_bytes, then->io.read_bytes);
		less(&d.io.written_bytes, then->io.written_bytes);
		less(&d.io.reads, then->io.reads);
		less(&d.io.writes, then->io.writes);
		pressure_between(d.pressure, then->pressure, now->pressure);
	}
	*ret = d;
}

uint64_t cgroup_use_working_set(const struct cgroup_use *use)
{
	const struct cgroup_memory *m = &use->memory;

	return m->used_bytes > m->inactive_file_bytes ? m->used_bytes - m->inactive_file_bytes : 0;
}

/* Appends " v1:cpu,memory" for the parts that are of this version. */
static size_t list(const struct cgroup_use *use, int version, char *ret, size_t length)
{
	const char *before = ":";

	for (int of = 0; of < _USE_MAX; of++) {
		if (use->version[of] != version)
			continue;
		if (*before == ':')
			length += (size_t)snprintf(ret + length, USE_FROM_TEXT - length, "%sv%d",
						   length ? " " : "", version);
		length += (size_t)snprintf(ret + length, USE_FROM_TEXT - length, "%s%s", before,
					   use_names[of]);
		before = ",";
	}
	return length;
}

const char *cgroup_use_from(const struct cgroup_use *use, char ret[USE_FROM_TEXT])
{
	size_t v1;

	ret[0] = '\0';
	v1 = list(use, 1, ret, 0);
	if (list(use, 2, ret, v1) && !v1) /* where there is but one hierarchy, it has all */
		snprintf(ret, USE_FROM_TEXT, "v2");
	return ret;
}
