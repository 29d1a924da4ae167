/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: many requests at once, from one thread.  Closed: so many callers, each of which asks again
 * as soon as it has its answer; the agent sets the pace.  Open: so many requests a second, whether
 * the agent keeps up or not; each one's time counts from when it was to be sent, so that a stall is
 * seen by all that would have come during it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/cli/bench/outcome.h"
#include "agent/cli/bench/samples.h"
#include "agent/cli/bench/usage.h"

struct bench_job;

struct load_terms {
	const char *socket;
	const struct bench_job *job;
	size_t callers; /* connections; of an open loop the most */
	double rate;    /* requests a second; 0: closed */
	uint64_t for_ns, patience_ns;
	pid_t agent; /* 0: its processes cannot be seen */
	bool progress;
};

struct load {
	struct load_terms terms;
	uint64_t took_ns; /* from the first request until no more were sent */
	uint64_t in_time; /* jobs that ended well within it */
	uint64_t sent;    /* requests */
	uint64_t unsent;  /* of an open loop: no connection was free until its patience was over */
	uint64_t retries; /* to connect, as the agent's queue was full */
	struct samples latency; /* of jobs that ended well */
	struct samples late;    /* of an open loop: sent after it was to be */
	struct tally tally;
	uint64_t own_cpu_ns; /* this process's, while it asked */
	bool known;          /* what follows */
	struct usage before, after;
	struct usage_peak peak;
	bool stopped;
};

/* -errno: could not be begun. */
int bench_load(struct load *ret, const struct load_terms *terms);
/* What the part's processes used; of the sandboxes that of those that ended, too. */
uint64_t load_cpu_ns(const struct load *l, enum usage_who who);
void bench_load_done(struct load *l);
