/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/disk_families.h"

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"

static bool was_asked(const struct disk_count_snapshot *c)
{
	return c->ios || c->completed || c->merged;
}

/* Of what a disk was never asked for only that is told: that there were no I/Os and no bytes. */
static void each_operation(snap *s, sink *to, bool always,
			   uint64_t (*of)(const struct disk_count_snapshot *count))
{
	for (size_t i = 0; i < s->disk_count; i++)
		for (int op = 0; op < _DISK_OP_MAX; op++) {
			const struct disk_count_snapshot *c = &s->disks[i].total[op];

			if (always || was_asked(c))
				value(to,
				      LABELS("device", s->disks[i].name, "op", disk_op_names[op]),
				      (double)of(c));
		}
}

#define OF_OPERATION(name, always, field)                                                          \
	static uint64_t name##_of(const struct disk_count_snapshot *count)                         \
	{                                                                                          \
		return count->field;                                                               \
	}                                                                                          \
	void name(snap *s, sink *to)                                                               \
	{                                                                                          \
		each_operation(s, to, always, name##_of);                                          \
	}
OF_OPERATION(disk_ios, true, ios)
OF_OPERATION(disk_bytes, true, bytes)
OF_OPERATION(disk_merged, false, merged)
OF_OPERATION(disk_errors, false, errors)
OF_OPERATION(disk_unsplit, false, unsplit)

static void each_distribution(snap *s, sink *to, bool queue)
{
	for (size_t i = 0; i < s->disk_count; i++)
		for (int op = 0; op < _DISK_OP_MAX; op++) {
			const struct disk_count_snapshot *c = &s->disks[i].total[op];

			if (was_asked(c)) /* or it would be 60 lines for nothing */
				to->distribution(
					to->context,
					LABELS("device", s->disks[i].name, "op", disk_op_names[op]),
					queue ? &c->queue : &c->device);
		}
}

void disk_queue(snap *s, sink *to)
{
	each_distribution(s, to, true);
}

void disk_device(snap *s, sink *to)
{
	each_distribution(s, to, false);
}

void disk_in_flight(snap *s, sink *to)
{
	for (size_t i = 0; i < s->disk_count; i++)
		if (s->disks[i].known)
			value(to, LABELS("device", s->disks[i].name),
			      (double)s->disks[i].in_flight);
}
