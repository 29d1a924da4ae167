/* SPDX-License-Identifier: Apache-2.0 */
/*
 * details: what may be left out when measuring becomes too dear: has agent/decide/budget.h decide by
 * what the programs took, and turns the knobs that it says.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/decide/budget.h"
#include "agent/wire/wire.h"

struct config;
struct findings;
struct sample;
struct snapshot;
struct subjects;

enum detail { SCHED_DETAIL, SCHED_CGROUPS, DISK_DETAIL, DISK_CGROUPS, CACHE_CGROUPS, _DETAIL_MAX };

struct details { /* the caller's, zeroed */
	struct budget budget;
	uint64_t allowed_ns;
	bool wanted[_DETAIL_MAX];                     /* by the configuration */
	uint64_t paid_ns[_WIRE_SUBJECT_MAX], paid_at; /* what was taken until when */
};

void details_configure(struct details *d, const struct subjects *of, const struct config *config);
bool details_is_on(const struct details *d, enum detail detail);

/* On each beat, with what was just sampled; cpus: online ones. */
void details_keep_to_budget(struct details *d, const struct subjects *of, uint64_t now_ns,
			    size_t cpus, const struct sample *now);

void details_describe(const struct details *d, struct snapshot *s);
void details_findings(const struct details *d, struct findings *ret);
