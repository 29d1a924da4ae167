/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/hist.h"

uint64_t hist_count(const struct hist *h)
{
	uint64_t count = 0;

	for (int i = 0; i < FL_HIST_SLOTS; i++)
		count += h->slots[i];
	return count;
}

void hist_add(struct hist *to, const struct hist *h)
{
	for (int i = 0; i < FL_HIST_SLOTS; i++)
		to->slots[i] += h->slots[i];
	to->sum_ns += h->sum_ns;
}

bool hist_since(struct hist *ret, const struct hist *then, const struct hist *now)
{
	struct hist d = { .sum_ns = now->sum_ns - then->sum_ns };
	bool forward = now->sum_ns >= then->sum_ns;

	for (int i = 0; i < FL_HIST_SLOTS; i++) {
		forward &= now->slots[i] >= then->slots[i];
		d.slots[i] = now->slots[i] - then->slots[i];
	}
	*ret = forward ? d : *now;
	return forward;
}

uint64_t hist_slot_end_ns(unsigned int slot)
{
	if (slot >= FL_HIST_SLOTS - 1) /* open: its beginning is all that is known */
		slot = FL_HIST_SLOTS - 2;
	return 1ull << (FL_HIST_SLOT0_BITS + slot);
}

uint64_t hist_quantile_ns(const struct hist *h, double q)
{
	uint64_t count = hist_count(h), rank, seen = 0;

	if (!count)
		return 0;
	rank = (uint64_t)(q * (double)count);
	if ((double)rank < q * (double)count || !rank) /* the smallest rank that covers q */
		rank++;
	for (unsigned int i = 0; i < FL_HIST_SLOTS; i++) {
		seen += h->slots[i];
		if (seen >= rank)
			return hist_slot_end_ns(i);
	}
	return hist_slot_end_ns(FL_HIST_SLOTS - 1);
}
