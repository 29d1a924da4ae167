/* SPDX-License-Identifier: Apache-2.0 */
/* sample: what all probes have counted since they were loaded, at one moment.  Plain values. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/probes/cache_sample.h"
#include "agent/probes/disk_sample.h"
#include "agent/probes/files_sample.h"
#include "agent/probes/sched_sample.h"
#include "agent/snapshot/node_totals.h"

struct sample {
	uint64_t when_ns;
	struct sched_sample *sched; /* owned */
	struct disk_sample disk;
	struct cache_sample cache;
	struct pressure pressure[_PRESSURE_MAX];
	struct memory memory;
	struct network network;
	struct files_sample *files; /* owned; NULL: not read, as nobody asked */
};

int sample_new(struct sample **ret, size_t cpus);
struct sample *sample_free(struct sample *s);
void sample_freep(struct sample **s);

/* Both made for the same number of CPUs; -ENOMEM leaves *to fit to be freed or copied to. */
int sample_copy(struct sample *to, const struct sample *from);
