/* SPDX-License-Identifier: Apache-2.0 */
/* disk_families: the metrics of disks.  Part of families.c, not a door of the room. */
#pragma once
#include "exporters/families.h"

#define DISK_FAMILY(name) void disk_##name(const struct snapshot *s, const struct family_sink *to)
DISK_FAMILY(ios);
DISK_FAMILY(bytes);
DISK_FAMILY(merged);
DISK_FAMILY(errors);
DISK_FAMILY(unsplit);
DISK_FAMILY(queue);
DISK_FAMILY(device);
DISK_FAMILY(in_flight);
#undef DISK_FAMILY
