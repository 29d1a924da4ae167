/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/node_use.h"

const char *const cpu_mode_names[] = { "user",   "nice", "system",  "idle",
				       "iowait", "irq",  "softirq", "steal" };
_Static_assert(sizeof(cpu_mode_names) / sizeof(char *) == _CPU_MODE_MAX, "a name each");

void cpu_times_between(struct cpu_times *ret, const struct cpu_times *then,
		       const struct cpu_times *now)
{
	struct cpu_times d = { .known = then->known && now->known };

	/* iowait and idle of a CPU that goes offline and on may fall: that is no time at all */
	for (int mode = 0; mode < _CPU_MODE_MAX; mode++)
		if (d.known && now->ns[mode] > then->ns[mode])
			d.ns[mode] = now->ns[mode] - then->ns[mode];
	*ret = d;
}
