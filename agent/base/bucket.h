/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bucket: so many tokens a second, and a burst of what was not used.  Integers throughout: what
 * a span gives does not depend on how often somebody looked, so nothing drifts.  Time is handed
 * in, from a clock that does not run backwards; where it does, no time has passed.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define BUCKET_RATE_MAX  1000000000000ull /* thousandths of a token a second: 10^9 tokens */
#define BUCKET_BURST_MAX 10000000ull      /* tokens: what the arithmetic holds, with room */
#define BUCKET_NEVER     UINT64_MAX

struct bucket {
	uint64_t rate;   /* thousandths of a token a second */
	uint64_t burst;  /* tokens */
	uint64_t credit; /* in parts of a token: rate * nanoseconds */
	uint64_t at_ns;  /* when the credit was this */
};

/*
 * Full.  With rate 0 no token ever comes; a burst of 0 is one of 1.  A caller that looks less
 * often than the burst lasts loses what flowed over, as a burst means.
 */
void bucket_init(struct bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ns);

/* From now on; what was gathered stays, as far as the new burst goes. */
void bucket_change(struct bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ns);

/* Takes that many tokens, or none of them. */
bool bucket_take(struct bucket *b, uint64_t tokens, uint64_t now_ns);

/* In how many nanoseconds they are there if nobody takes any: 0 now, or BUCKET_NEVER. */
uint64_t bucket_wait(const struct bucket *b, uint64_t tokens, uint64_t now_ns);

/* Nothing is lost by forgetting it: it would be the same made anew. */
bool bucket_is_full(const struct bucket *b, uint64_t now_ns);
