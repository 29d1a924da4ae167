/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/node_totals.h"

#include <string.h>

const char *const pressure_names[] = { "cpu", "memory", "io" };
_Static_assert(sizeof(pressure_names) / sizeof(char *) == _PRESSURE_MAX, "a name each");

static uint64_t grown(uint64_t then, uint64_t now)
{
	return now >= then ? now - then : now;
}

void pressure_between(struct pressure ret[_PRESSURE_MAX], const struct pressure *then,
		      const struct pressure *now)
{
	for (int of = 0; of < _PRESSURE_MAX; of++)
		ret[of] = (struct pressure){ .known = then[of].known && now[of].known,
					     .some_ns = grown(then[of].some_ns, now[of].some_ns),
					     .full_ns = grown(then[of].full_ns, now[of].full_ns) };
}

static struct interface_way way_between(const struct interface_way *then,
					const struct interface_way *now)
{
	return (struct interface_way){ .bytes = grown(then->bytes, now->bytes),
				       .packets = grown(then->packets, now->packets),
				       .errors = grown(then->errors, now->errors),
				       .dropped = grown(then->dropped, now->dropped) };
}

static const struct interface *find(const struct network *n, const char *name)
{
	static const struct interface none;

	for (size_t i = 0; i < n->count; i++)
		if (!strcmp(n->interfaces[i].name, name))
			return &n->interfaces[i];
	return &none;
}

void network_between(struct network *ret, const struct network *then, const struct network *now)
{
	*ret = *now;
	for (size_t i = 0; i < now->count; i++) {
		const struct interface *old = find(then, now->interfaces[i].name);

		ret->interfaces[i].received =
			way_between(&old->received, &now->interfaces[i].received);
		ret->interfaces[i].sent = way_between(&old->sent, &now->interfaces[i].sent);
	}
}
