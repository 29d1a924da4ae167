/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pools/pools.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/loop/loop.h"
#include "agent/pools/pool.h"

enum {
	POOLS_MAX = 64,
	ALIVE_MAX = 1024
}; /* a nursery each; sandboxes of a pool nobody configured */

#define USELESS_NS (60 * NS_PER_SEC)
#define LOOK_NS    (5 * NS_PER_SEC)

struct pools {
	struct loop *loop;
	struct warden *warden;
	struct loop_source *timer;
	struct {
		struct pool *pool;
		bool stays;
	} rows[POOLS_MAX];
	size_t count;
};

static void drop(struct pools *p, size_t row)
{
	pool_free(p->rows[row].pool);
	p->rows[row] = p->rows[--p->count];
}

static bool is_useless(const struct pools *p, size_t row, uint64_t now_ns, uint64_t for_ns)
{
	uint64_t since_ns = pool_idle_since_ns(p->rows[row].pool);

	return !p->rows[row].stays && since_ns && now_ns - since_ns >= for_ns;
}

static void on_look(void *context, uint32_t events)
{
	struct pools *p = context;
	uint64_t now_ns = clock_mono_ns();

	(void)events;
	for (size_t i = p->count; i-- > 0;)
		if (is_useless(p, i, now_ns, USELESS_NS))
			drop(p, i);
}

static int add(struct pools *p, const struct pool_terms *terms, bool stays, struct pool **ret)
{
	struct pool *pool;
	int r;

	for (size_t i = p->count; i-- > 0 && p->count == POOLS_MAX;)
		if (is_useless(p, i, clock_mono_ns(), 0))
			drop(p, i);
	if (p->count == POOLS_MAX)
		return -ENOSPC;
	r = pool_new(&pool, p->loop, p->warden, terms);
	if (r)
		return r;
	p->rows[p->count].pool = pool;
	p->rows[p->count++].stays = stays;
	*ret = pool;
	return 0;
}

int pools_add(struct pools *p, const struct pool_terms *terms)
{
	struct pool *unused;

	return add(p, terms, true, &unused);
}

int pools_find(struct pools *p, const struct nurse_terms *terms, const char *name,
	       struct pool **ret)
{
	struct pool_terms fresh = { .maximum = ALIVE_MAX, .nurse = *terms };

	for (size_t i = 0; i < p->count; i++)
		if (!memcmp(&pool_terms(p->rows[i].pool)->nurse, terms, sizeof(*terms))) {
			*ret = p->rows[i].pool;
			return 0;
		}
	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	return add(p, &fresh, false, ret);
}

void pools_each(const struct pools *p, void (*each)(void *to, const struct pool *pool), void *to)
{
	for (size_t i = 0; i < p->count; i++)
		each(to, p->rows[i].pool);
}

int pools_new(struct pools **ret, struct loop *loop, struct warden *warden)
{
	struct pools *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct pools){ .loop = loop, .warden = warden };
	r = loop_timer(loop, LOOK_NS, on_look, p, &p->timer);
	if (r)
		free(p);
	else
		*ret = p;
	return r;
}

struct pools *pools_free(struct pools *p)
{
	if (!p)
		return NULL;
	while (p->count)
		drop(p, p->count - 1);
	loop_drop(p->timer);
	free(p);
	return NULL;
}
