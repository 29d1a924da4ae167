/* SPDX-License-Identifier: Apache-2.0 */
/* terms: what `fairlead bench` was told on its command line, and what of it makes no sense. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/cli/bench/job.h"
#include "agent/config/option.h"

enum { BENCH_STEPS = 16, BENCH_CALLERS_MAX = 10000 };

struct bench_args { /* as the options fill it */
	int64_t count, warm_up, peer_count;
	char pause[32], callers[128];
	uint64_t timeout_ns, for_ns;
	int64_t rate; /* thousandths */
	int language;
	bool peer;
	struct option_list code, peer_paths;
};

struct bench_terms { /* what follows from it */
	enum bench_kind kind;
	bool load;
	uint64_t pause_ns; /* PAUSE_AUTO */
	size_t callers[BENCH_STEPS];
	size_t steps;
};

struct command_call;

extern const struct option_table bench_options;
extern const struct word_table bench_parts;

/* -EINVAL with one line in err. */
int bench_terms_read(const struct command_call *call, struct bench_terms *ret, char *err, size_t n);
