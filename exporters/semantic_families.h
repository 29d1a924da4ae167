/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semantic_families: what the rows of the metric table are called in OpenTelemetry's semantic
 * conventions of SEMANTIC_VERSION, and what those rows collect that are there for these alone.
 * Part of families.c, not a door of the room.
 */
#pragma once
#include "exporters/families.h"

#define SEMANTIC(name) extern const struct semantic semantic_##name
SEMANTIC(cpu_time);
SEMANTIC(process_created);
SEMANTIC(disk_io);
SEMANTIC(disk_io_time);
SEMANTIC(disk_operations);
SEMANTIC(disk_merged);
SEMANTIC(network_io);
SEMANTIC(network_packets);
SEMANTIC(network_errors);
SEMANTIC(network_dropped);
SEMANTIC(paging_faults);
SEMANTIC(memory_usage);
SEMANTIC(memory_limit);
SEMANTIC(memory_available);
SEMANTIC(paging_usage);
SEMANTIC(filesystem_usage);
SEMANTIC(filesystem_limit);
#undef SEMANTIC

#define SEMANTIC_FAMILY(name)                                                                      \
	void semantic_##name(const struct snapshot *s, const struct family_sink *to)
SEMANTIC_FAMILY(memory_by_state);
SEMANTIC_FAMILY(memory_whole);
SEMANTIC_FAMILY(memory_free);
SEMANTIC_FAMILY(paging_by_state);
SEMANTIC_FAMILY(filesystem_by_state);
SEMANTIC_FAMILY(filesystem_whole);
#undef SEMANTIC_FAMILY
