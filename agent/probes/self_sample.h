/* SPDX-License-Identifier: Apache-2.0 */
/* self_sample: what a subject's programs cost since load, by their own clock (bpf/lib/self.h). */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/probes/load.h"
#include "agent/probes/mapped.h"
#include "bpf/lib/self.h"

/* One a part of the subject, whichever way it is done. */
struct self_sample {
	struct self_count {
		uint64_t runs, timed, ns; /* ns: of those timed */
	} of[LOAD_PARTS];
};

static inline void self_add(struct self_count *to, const struct fl_self *from)
{
	to->runs += mapped_load(&from->runs);
	to->timed += mapped_load(&from->timed);
	to->ns += mapped_load(&from->ns);
}

/* All runs, taken to be as long as those that were timed. */
static inline uint64_t self_estimate_ns(const struct self_count *c)
{
	return c->timed ? (uint64_t)((double)c->ns / (double)c->timed * (double)c->runs) : 0;
}
