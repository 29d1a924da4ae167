/* SPDX-License-Identifier: Apache-2.0 */
/* memory: what /proc/meminfo and /proc/vmstat say.  root: "" or a folder that stands for it. */
#pragma once
#include "agent/snapshot/node_totals.h"

void memory_read(struct memory *ret, const char *root);
