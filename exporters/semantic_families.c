/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/semantic_families.h"

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"

/* name, unit */
const struct semantic semantic_cpu_time = { .name = "system.cpu.time", .unit = "s" };
const struct semantic semantic_process_created = { .name = "system.process.created",
						   .unit = "{process}" };
const struct semantic semantic_disk_io = { .name = "system.disk.io", .unit = "By" };
const struct semantic semantic_disk_io_time = { .name = "system.disk.io_time", .unit = "s" };
const struct semantic semantic_disk_operations = { .name = "system.disk.operations",
						   .unit = "{operation}" };
const struct semantic semantic_disk_merged = { .name = "system.disk.merged",
					       .unit = "{operation}" };
const struct semantic semantic_network_io = { .name = "system.network.io", .unit = "By" };
const struct semantic semantic_network_packets = { .name = "system.network.packet.count",
						   .unit = "{packet}",
						   .label = "interface",
						   .renamed = "system.device" };
const struct semantic semantic_network_errors = { .name = "system.network.errors",
						  .unit = "{error}" };
const struct semantic semantic_network_dropped = { .name = "system.network.packet.dropped",
						   .unit = "{packet}" };
const struct semantic semantic_paging_faults = { .name = "system.paging.faults",
						 .unit = "{fault}",
						 .attribute = "system.paging.fault.type",
						 .value = "major" };
const struct semantic semantic_memory_usage = { .name = "system.memory.usage", .unit = "By" };
const struct semantic semantic_memory_limit = { .name = "system.memory.limit", .unit = "By" };
const struct semantic semantic_memory_available = { .name = "system.memory.linux.available",
						    .unit = "By" };
const struct semantic semantic_paging_usage = { .name = "system.paging.usage", .unit = "By" };
const struct semantic semantic_filesystem_usage = { .name = "system.filesystem.usage",
						    .unit = "By" };
const struct semantic semantic_filesystem_limit = { .name = "system.filesystem.limit",
						    .unit = "By" };

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void semantic_memory_by_state(snap *s, sink *to)
{
	const struct memory *m = &s->memory;

	if (!m->known)
		return;
	value(to, LABELS("system.memory.state", "used"), less(m->total_bytes, m->available_bytes));
	value(to, LABELS("system.memory.state", "free"), m->free_bytes);
	value(to, LABELS("system.memory.state", "cached"), m->cached_bytes);
	value(to, LABELS("system.memory.state", "buffers"), m->buffers_bytes);
}

void semantic_memory_whole(snap *s, sink *to)
{
	if (s->memory.known)
		value(to, NO_LABELS, s->memory.total_bytes);
}

void semantic_memory_free(snap *s, sink *to)
{
	if (s->memory.known)
		value(to, NO_LABELS, s->memory.available_bytes);
}

void semantic_paging_by_state(snap *s, sink *to)
{
	const struct memory *m = &s->memory;

	if (!m->known)
		return;
	value(to, LABELS("system.paging.state", "used"),
	      less(m->swap_total_bytes, m->swap_free_bytes));
	value(to, LABELS("system.paging.state", "free"), m->swap_free_bytes);
}

#define OF_FILESYSTEM(f) "mountpoint", (f)->path, "device", (f)->device, "type", (f)->type
#define STATE            "system.filesystem.state"

void semantic_filesystem_by_state(snap *s, sink *to)
{
	for (size_t i = 0; i < s->node.filesystem_count; i++) {
		const struct filesystem *f = &s->node.filesystems[i];

		value(to, LABELS(OF_FILESYSTEM(f), STATE, "used"),
		      less(f->size_bytes, f->free_bytes));
		value(to, LABELS(OF_FILESYSTEM(f), STATE, "free"), f->available_bytes);
		value(to, LABELS(OF_FILESYSTEM(f), STATE, "reserved"),
		      less(f->free_bytes, f->available_bytes));
	}
}

void semantic_filesystem_whole(snap *s, sink *to)
{
	for (size_t i = 0; i < s->node.filesystem_count; i++)
		value(to, LABELS(OF_FILESYSTEM(&s->node.filesystems[i])),
		      s->node.filesystems[i].size_bytes);
}
