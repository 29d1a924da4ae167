/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_families: the metrics of the node that come from the kernel's own files: pressure,
 * memory, network.  Part of families.c, not a door of the room.
 */
#pragma once
#include "exporters/families.h"

#define NODE_FAMILY(name) void node_##name(const struct snapshot *s, const struct family_sink *to)
NODE_FAMILY(pressure);
NODE_FAMILY(memory);
NODE_FAMILY(major_faults);
NODE_FAMILY(oom_kills);
NODE_FAMILY(network_bytes);
NODE_FAMILY(network_packets);
NODE_FAMILY(network_errors);
NODE_FAMILY(network_dropped);
#undef NODE_FAMILY
