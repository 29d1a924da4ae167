/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/disk_families.h"

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"

static void each_operation(snap *s, sink *to,
			   uint64_t (*of)(const struct disk_count_snapshot *count))
{
	for (size_t i = 0; i < s->disk_count; i++)
		for (int op = 0; op < _DISK_OP_MAX; op++)
			value(to, LABELS("device", s->disks[i].name, "op", disk_op_names[op]),
			      (double)of(&s->disks[i].total[op]));
}

#define OF_OPERATION(name, field)                                                                  \
	static uint64_t name##_of(const struct disk_count_snapshot *count)                         \
	{                                                                                          \
		return count->field;                                                               \
	}                                                                                          \
	void name(snap *s, sink *to)                                                               \
	{                                                                                          \
		each_operation(s, to, name##_of);                                                  \
	}
OF_OPERATION(disk_ios, ios)
OF_OPERATION(disk_bytes, bytes)
OF_OPERATION(disk_merged, merged)
OF_OPERATION(disk_errors, errors)
OF_OPERATION(disk_unsplit, unsplit)

/* Of operations that never happened there is nothing to tell: 30 lines each saved. */
static void each_distribution(snap *s, sink *to, bool queue)
{
	for (size_t i = 0; i < s->disk_count; i++)
		for (int op = 0; op < _DISK_OP_MAX; op++) {
			const struct disk_count_snapshot *c = &s->disks[i].total[op];

			if (c->ios)
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
