/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/pools.h"

#include <errno.h>
#include <jansson.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/cli/bench/stop.h"
#include "agent/cli/client.h"

#define LONGEST_NS (5 * NS_PER_SEC)
#define LOOK_NS    (3 * NS_PER_MSEC) /* between two looks */

enum pools { POOLS_UNKNOWN, POOLS_FILLING, POOLS_READY };

static enum pools of_pool(const json_t *pool)
{
	const json_t *ready = json_object_get(pool, "ready");
	const json_t *target = json_object_get(pool, "target");

	if (!json_is_integer(ready) || !json_is_integer(target))
		return POOLS_UNKNOWN;
	return json_integer_value(ready) < json_integer_value(target) ? POOLS_FILLING : POOLS_READY;
}

/* The least of all of them. */
static enum pools of_answer(const struct answer *answer)
{
	json_t *root = json_loadb(answer->body, answer->length, 0, NULL);
	const json_t *pool, *list = json_object_get(root, "pools");
	enum pools state = json_array_size(list) ? POOLS_READY : POOLS_UNKNOWN;
	size_t i;

	json_array_foreach (list, i, pool)
		state = of_pool(pool) < state ? of_pool(pool) : state;
	json_decref(root);
	return state;
}

static enum pools look(const char *socket)
{
	CLEANUP(answer_freep) struct answer answer = { 0 };

	if (client_get(&answer, socket, "/v1/pools", 0) || answer.status != 200)
		return POOLS_UNKNOWN;
	return of_answer(&answer);
}

bool pools_wait(const char *socket)
{
	uint64_t end = clock_mono_ns() + LONGEST_NS;
	enum pools state = look(socket);

	while (state == POOLS_FILLING && clock_mono_ns() < end) {
		if (stop_poll(NULL, 0, clock_mono_ns() + LOOK_NS) == -EINTR)
			break;
		state = look(socket);
	}
	return state != POOLS_UNKNOWN;
}
