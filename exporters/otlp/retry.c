/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/otlp/retry.h"

enum retry_verdict retry_judge(long status)
{
	switch (status) {
	case 0:
	case 429:
	case 502:
	case 503:
	case 504:
		return RETRY_LATER;
	default:
		return status >= 200 && status < 300 ? RETRY_SENT : RETRY_NEVER;
	}
}

uint64_t retry_wait(struct retry *r, uint64_t asked_ns, uint32_t chance)
{
	uint64_t wait;

	r->wait_ns = r->wait_ns ? 2 * r->wait_ns : RETRY_FIRST_NS;
	if (r->wait_ns > RETRY_MAX_NS)
		r->wait_ns = RETRY_MAX_NS;
	wait = r->wait_ns / 2 + (uint64_t)((double)r->wait_ns * chance / UINT32_MAX);
	if (wait < asked_ns)
		wait = asked_ns;
	return wait < RETRY_GIVE_UP_NS ? wait : RETRY_GIVE_UP_NS;
}
