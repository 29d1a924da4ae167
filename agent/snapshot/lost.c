/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/lost.h"

#include <stdio.h>
#include <string.h>

void losses_add(struct losses *l, const char *where, uint64_t count)
{
	struct lost *row = &l->rows[l->count];

	if (l->count == LOST_MAX)
		return;
	l->count++;
	snprintf(row->where, sizeof(row->where), "%s", where);
	row->count = count;
}

const char *lost_meaning(const char *where)
{
	static const char *const meanings[][2] = {
		{ "sched_rows", "waits of cgroups without a row: in (other)" },
		{ "sched_absences", "came back to a CPU: unknown for how long they were off" },
		{ "sched_waiter_rows", "long waits of tasks without a row: in (others)" },
		{ "cache_rows", "pages of cgroups without a row: in (other)" },
		{ "disk_rows", "requests to disks without a row: in (other)" },
		{ "disk_cgroup_rows", "requests of cgroups without a row: in (nobody)" },
		{ "disk_untimed", "requests that are in no distribution" },
		{ "disk_bio_rows", "bios of devices without a row: not counted" },
		{ "disk_bio_times", "bios that are in no distribution" },
		{ "bpf_runs", "runs of our programs that the kernel left out" },
		{ "interfaces", "network interfaces that are not read" },
		{ "http_refused", "requests answered by 429 or 503" },
		{ "http_cut_off", "clients that were slow, or silent before a full door" },
		{ "gzip", "answers that went uncompressed" },
		{ "otlp_queue", "pushes dropped, as too many waited" },
		{ "otlp_refused", "pushes that the receiver did not want" },
		{ "otlp_given_up", "pushes tried for too long" },
		{ "otlp_rejected_points", "points that the receiver left out" },
		{ "state", "notes and dumps that the state folder did not take" },
		{ "beats", "beats passed while the agent did not run" },
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (!strcmp(meanings[i][0], where))
			return meanings[i][1];
	return "";
}
