/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retry: what becomes of a body after an attempt, and when the next one is due, by the rules of
 * OTLP/HTTP.  Pure: time and chance are arguments.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * 1 s, 2 s, 4 s … up to 30 s, each by up to a half shorter or longer, so that the nodes of a
 * cluster do not all knock at once on a collector that has just come back.  A body is given up after
 * 5 minutes: what the collector's own exporters do.
 */
#define RETRY_FIRST_NS   (1000000000ull)
#define RETRY_MAX_NS     (30 * RETRY_FIRST_NS)
#define RETRY_GIVE_UP_NS (300 * RETRY_FIRST_NS)

enum retry_verdict { RETRY_SENT, RETRY_LATER, RETRY_NEVER };

/* status: of HTTP, or 0 when no answer came. */
enum retry_verdict retry_judge(long status);

struct retry {
	uint64_t wait_ns; /* the one before, without chance; 0 at first */
};

/* How long to wait: at least what the server asked for (0: nothing), at most RETRY_GIVE_UP_NS. */
uint64_t retry_wait(struct retry *r, uint64_t asked_ns, uint32_t chance);
