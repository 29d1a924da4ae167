/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/samples.h"

#include <errno.h>
#include <stdlib.h>

int samples_add(struct samples *s, uint64_t ns)
{
	if (s->count == s->room) {
		size_t room = s->room ? s->room * 2 : 1024;
		uint64_t *more = realloc(s->ns, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->ns = more;
		s->room = room;
	}
	s->ns[s->count++] = ns;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t quantile(const struct samples *s, unsigned int percent)
{
	size_t rank = (s->count * percent + 99) / 100;

	return s->count ? s->ns[rank ? rank - 1 : 0] : 0;
}

void samples_sum_up(struct samples *s, struct samples_summary *ret)
{
	if (s->count)
		qsort(s->ns, s->count, sizeof(*s->ns), compare);
	*ret = (struct samples_summary){ .count = s->count,
					 .p50_ns = quantile(s, 50),
					 .p90_ns = quantile(s, 90),
					 .p95_ns = quantile(s, 95),
					 .p99_ns = quantile(s, 99),
					 .max_ns = quantile(s, 100) };
}

void samples_done(struct samples *s)
{
	free(s->ns);
	*s = (struct samples){ 0 };
}
