/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/bucket.h"

#include "agent/base/clock.h"

/* A token in parts: a rate of one thousandth of a token a second gives one part a nanosecond. */
#define TOKEN (1000 * NS_PER_SEC)

_Static_assert(BUCKET_BURST_MAX <= UINT64_MAX / TOKEN, "a full bucket is a number");

static uint64_t at_most(uint64_t value, uint64_t max)
{
	return value < max ? value : max;
}

/* What there is now.  A division decides whether it is full, as the product may not fit. */
static uint64_t credit_at(const struct bucket *b, uint64_t now_ns)
{
	uint64_t full = b->burst * TOKEN, span = now_ns > b->at_ns ? now_ns - b->at_ns : 0;

	if (!b->rate)
		return b->credit;
	if (span > (full - b->credit) / b->rate)
		return full;
	return b->credit + span * b->rate;
}

static void settle(struct bucket *b, uint64_t now_ns)
{
	b->credit = credit_at(b, now_ns);
	if (now_ns > b->at_ns)
		b->at_ns = now_ns;
}

static void set_flow(struct bucket *b, uint64_t rate, uint64_t burst)
{
	b->rate = at_most(rate, BUCKET_RATE_MAX);
	b->burst = at_most(burst ? burst : 1, BUCKET_BURST_MAX);
}

void bucket_init(struct bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	set_flow(b, rate, burst);
	b->credit = b->burst * TOKEN;
	b->at_ns = now_ns;
}

void bucket_change(struct bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	settle(b, now_ns);
	set_flow(b, rate, burst);
	b->credit = at_most(b->credit, b->burst * TOKEN);
}

bool bucket_take(struct bucket *b, uint64_t tokens, uint64_t now_ns)
{
	settle(b, now_ns);
	if (tokens > b->credit / TOKEN)
		return false;
	b->credit -= tokens * TOKEN;
	return true;
}

uint64_t bucket_wait(const struct bucket *b, uint64_t tokens, uint64_t now_ns)
{
	uint64_t credit = credit_at(b, now_ns), missing;

	if (tokens <= credit / TOKEN)
		return 0;
	if (tokens > b->burst || !b->rate)
		return BUCKET_NEVER;
	missing = tokens * TOKEN - credit;
	return missing / b->rate + (missing % b->rate != 0);
}

bool bucket_is_full(const struct bucket *b, uint64_t now_ns)
{
	return credit_at(b, now_ns) == b->burst * TOKEN;
}
