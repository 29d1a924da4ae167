/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/decide/budget.h"

#include "agent/base/clock.h"

#define OVER_STEPS 3 /* one step over it may be a burst that is over as well */
#define HOLD_NS    (60 * NS_PER_SEC)
#define HOLD_MAX   (3600 * NS_PER_SEC)
#define ROOM       0.5 /* of what is allowed must be free before a detail comes back */

void budget_init(struct budget *b, const struct budget_detail *details, size_t count)
{
	*b = (struct budget){ .details = details, .count = count, .hold_ns = HOLD_NS };
}

/* The first detail that is still on of the subject that costs most of those that have one. */
static size_t dearest(const struct budget *b, const struct budget_load *load)
{
	size_t best = b->count;

	for (size_t i = 0; i < b->count; i++) {
		uint64_t cost = load->cost_ns[b->details[i].subject];

		if (b->off[i] || !load->wanted[i] || !cost)
			continue;
		if (best == b->count || cost > load->cost_ns[b->details[best].subject])
			best = i;
	}
	return best;
}

static struct budget_step leave_out(struct budget *b, const struct budget_load *load)
{
	size_t detail = dearest(b, load);

	if (detail == b->count) /* the rest is what we are here for */
		return (struct budget_step){ BUDGET_STAY, 0 };
	if (!b->came_ns || load->now_ns - b->came_ns > HOLD_MAX)
		b->hold_ns = HOLD_NS;
	else if (load->now_ns - b->came_ns < b->hold_ns)
		b->hold_ns = b->hold_ns * 2 < HOLD_MAX ? b->hold_ns * 2 : HOLD_MAX;
	b->over = 0;
	b->off[detail] = true;
	b->went[b->gone++] = detail;
	return (struct budget_step){ BUDGET_LEAVE_OUT, detail };
}

static struct budget_step bring_back(struct budget *b, const struct budget_load *load)
{
	size_t detail = b->went[--b->gone];

	b->off[detail] = false;
	b->calm_ns = 0;
	b->came_ns = load->now_ns;
	return (struct budget_step){ BUDGET_BRING_BACK, detail };
}

struct budget_step budget_step(struct budget *b, const struct budget_load *load)
{
	double allowed = (double)load->allowed_ns / (double)NS_PER_SEC, cost = 0;

	for (size_t i = 0; i < BUDGET_SUBJECTS; i++)
		cost += (double)load->cost_ns[i];
	if (!load->span_ns || !load->cpus)
		return (struct budget_step){ BUDGET_STAY, 0 };
	b->share = cost / ((double)load->span_ns * (double)load->cpus);
	b->over = b->share > allowed ? b->over + 1 : 0;
	if (b->share > allowed * ROOM)
		b->calm_ns = 0;
	else if (!b->calm_ns)
		b->calm_ns = load->now_ns;
	if (b->over >= OVER_STEPS)
		return leave_out(b, load);
	if (b->gone && b->calm_ns && load->now_ns - b->calm_ns >= b->hold_ns)
		return bring_back(b, load);
	return (struct budget_step){ BUDGET_STAY, 0 };
}
