/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/node_families.h"

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"
#include "exporters/file_families.h"

void node_pressure(snap *s, sink *to)
{
	for (int of = 0; of < _PRESSURE_MAX; of++) {
		const struct pressure *p = &s->pressure_total[of];

		if (!p->known)
			continue;
		value(to, LABELS("of", pressure_names[of], "stalled", "some"),
		      in_seconds(p->some_ns));
		value(to, LABELS("of", pressure_names[of], "stalled", "full"),
		      in_seconds(p->full_ns));
	}
}

void node_memory(snap *s, sink *to)
{
	const struct memory *m = &s->memory;

	if (!m->known)
		return;
	value(to, LABELS("state", "total"), (double)m->total_bytes);
	value(to, LABELS("state", "available"), (double)m->available_bytes);
	value(to, LABELS("state", "free"), (double)m->free_bytes);
	value(to, LABELS("state", "cached"), (double)m->cached_bytes);
	value(to, LABELS("state", "dirty"), (double)m->dirty_bytes);
	value(to, LABELS("state", "writeback"), (double)m->writeback_bytes);
	value(to, LABELS("state", "swap_total"), (double)m->swap_total_bytes);
	value(to, LABELS("state", "swap_free"), (double)m->swap_free_bytes);
	file_memory(m, to);
}

SINGLE_FAMILY(node_major_faults, memory.known, memory.major_faults)
SINGLE_FAMILY(node_oom_kills, memory.known, memory.oom_kills)

static void each_way(snap *s, sink *to, uint64_t (*of)(const struct interface_way *way))
{
	for (size_t i = 0; i < s->network_total.count; i++) {
		const struct interface *one = &s->network_total.interfaces[i];

		value(to, LABELS("interface", one->name, "way", "received"),
		      (double)of(&one->received));
		value(to, LABELS("interface", one->name, "way", "sent"), (double)of(&one->sent));
	}
}

#define OF_WAY(name, field)                                                                        \
	static uint64_t name##_of(const struct interface_way *way)                                 \
	{                                                                                          \
		return way->field;                                                                 \
	}                                                                                          \
	void name(snap *s, sink *to)                                                               \
	{                                                                                          \
		each_way(s, to, name##_of);                                                        \
	}
OF_WAY(node_network_bytes, bytes)
OF_WAY(node_network_packets, packets)
OF_WAY(node_network_errors, errors)
OF_WAY(node_network_dropped, dropped)
