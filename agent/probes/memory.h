/* SPDX-License-Identifier: Apache-2.0 */
/* memory: what /proc/meminfo and /proc/vmstat say. */
#pragma once
#include "agent/snapshot/node_totals.h"

struct fs_machine;

void memory_read(struct memory *ret, struct fs_machine *machine);
