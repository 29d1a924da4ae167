/* SPDX-License-Identifier: Apache-2.0 */
/* topology: which CPUs share their last cache and their memory, as sysfs says. */
#pragma once
#include <stdint.h>

struct topology {
	uint16_t cache, node; /* the first CPU that shares the last cache; the NUMA node */
};

/* root: "" or a folder of fixtures.  What is not told is 0: all in one. */
struct topology topology_read(const char *root, unsigned int cpu);
