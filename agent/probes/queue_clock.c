/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/queue_clock.h"

#include "agent/base/clock.h"

#define EPOCH_NS (10 * NS_PER_SEC)

uint64_t queue_clock_now(struct queue_clock *c, uint64_t raw_ns, uint64_t latest)
{
	uint64_t behind = raw_ns - latest;

	if (!c->epoch_ns || raw_ns - c->epoch_ns >= EPOCH_NS) {
		c->nearest[1] =
			c->epoch_ns && raw_ns - c->epoch_ns < 2 * EPOCH_NS ? c->nearest[0] : behind;
		c->nearest[0] = behind;
		c->epoch_ns = raw_ns;
	}
	/* signed: the two begin anywhere */
	if ((int64_t)(behind - c->nearest[0]) < 0)
		c->nearest[0] = behind;
	if ((int64_t)(c->nearest[1] - c->nearest[0]) < 0)
		return raw_ns - c->nearest[1] > latest ? raw_ns - c->nearest[1] : latest;
	return raw_ns - c->nearest[0];
}
