/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/sched_reading.h"

#include <errno.h>

bool sched_ran_backwards(const struct sched_sample *then, const struct sched_sample *now)
{
	struct hist d;

	for (size_t cpu = 0; cpu < now->cpus; cpu++)
		if (!hist_since(&d, &then->cpu[cpu], &now->cpu[cpu]))
			return true;
	return false;
}

static struct sched_row row_between(const struct sched_count *then, const struct sched_count *now)
{
	struct sched_row row = { .id = now->id,
				 .waits_total = now->waits,
				 .wait_ns_total = now->wait_ns };
	/* A row that changed hands counts from zero. */
	int same =
		then->id == now->id && then->waits <= now->waits && then->wait_ns <= now->wait_ns;

	row.waits = now->waits - (same ? then->waits : 0);
	row.wait_ns = now->wait_ns - (same ? then->wait_ns : 0);
	return row;
}

int sched_reading_between(struct sched_reading *ret, struct hist *cpu_room,
			  const struct sched_sample *then, const struct sched_sample *now)
{
	if (sched_ran_backwards(then, now))
		return -ESTALE;
	ret->cpus = now->cpus;
	ret->cpu = cpu_room;
	ret->cpu_total = now->cpu;
	for (size_t cpu = 0; cpu < now->cpus; cpu++)
		hist_since(&cpu_room[cpu], &then->cpu[cpu], &now->cpu[cpu]);
	ret->rows = 0;
	for (size_t i = 0; i < FL_LEDGER_ROWS; i++) {
		struct sched_row row;

		if (i != FL_LEDGER_OTHER && !now->rows[i].id)
			continue;
		row = row_between(&then->rows[i], &now->rows[i]);
		if (i == FL_LEDGER_OTHER) { /* what dead cgroups had counted: total, not news */
			row.waits_total += now->gone.waits;
			row.wait_ns_total += now->gone.wait_ns;
		}
		if (row.waits_total)
			ret->row[ret->rows++] = row;
	}
	return 0;
}
