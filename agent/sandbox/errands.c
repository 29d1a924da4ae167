/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/errands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int note(struct errands *e, const struct errand *what)
{
	if (e->count == e->room) {
		size_t room = e->room ? 2 * e->room : 32;
		struct errand *open = calloc(room, sizeof(*open));

		if (!open)
			return -ENOMEM;
		for (size_t i = 0; i < e->count; i++)
			open[i] = e->open[(e->first + i) % e->room];
		free(e->open);
		e->open = open;
		e->room = room;
		e->first = 0;
	}
	e->open[(e->first + e->count++) % e->room] = *what;
	return 0;
}

static int send(struct errands *e, const struct errand *what, const struct group_limits *limits,
		int pidfd)
{
	struct group_request request = { .magic = GROUP_MAGIC,
					 .version = GROUP_WIRE_VERSION,
					 .wish = (uint16_t)what->wish,
					 .serial = ++e->client.serial,
					 .id = what->group };
	int r = note(e, what);

	if (r)
		return r;
	if (limits)
		request.limits = *limits;
	r = group_send_request(e->client.socket, &request, pidfd);
	e->count -= r != 0; /* it was never asked */
	return r;
}

bool errands_begin(struct errands *e, int socket, const struct group_limits *limits)
{
	e->client.socket = socket;
	e->limits = *limits;
	if (group_ask_new(&e->client, limits, &e->spare[0]))
		return false;
	e->spare_count = 1;
	return true;
}

uint32_t errands_spare(struct errands *e)
{
	return e->spare_count ? e->spare[--e->spare_count] : 0;
}

int errands_new(struct errands *e)
{
	const struct errand what = { .wish = GROUP_NEW, .socket = -1 };

	return send(e, &what, &e->limits, -1);
}

int errands_put(struct errands *e, uint32_t group, int pidfd, uint32_t slot, int socket)
{
	const struct errand what = {
		.wish = GROUP_PUT, .group = group, .slot = slot, .socket = socket
	};

	return send(e, &what, NULL, pidfd);
}

int errands_limit(struct errands *e, uint32_t group, const struct group_limits *l, uint32_t slot)
{
	const struct errand what = {
		.wish = GROUP_LIMIT, .group = group, .slot = slot, .socket = -1
	};

	return send(e, &what, l, -1);
}

int errands_give_back(struct errands *e, uint32_t group, uint32_t slot)
{
	const struct errand use = { .wish = GROUP_USE, .group = group, .slot = slot, .socket = -1 };
	const struct errand reset = { .wish = GROUP_RESET, .group = group, .socket = -1 };
	int r = send(e, &use, NULL, -1);

	return r ? r : send(e, &reset, NULL, -1);
}

/* What is fresh is kept for the next one; one too many, or one that does not end, goes. */
static int keep(struct errands *e, const struct errand *what, uint32_t group, int error)
{
	const struct errand drop = { .wish = GROUP_FREE, .group = group, .socket = -1 };

	if (!error && e->spare_count < ERRAND_SPARES) {
		e->spare[e->spare_count++] = group;
		return 0;
	}
	return what->wish == GROUP_RESET || !error ? send(e, &drop, NULL, -1) : 0;
}

int errands_hear(struct errands *e, struct errand_done *ret)
{
	struct group_reply reply;
	int r = e->count ? group_receive_reply(e->client.socket, &reply) : -EPROTO;

	if (r)
		return r;
	*ret = (struct errand_done){ .what = e->open[e->first],
				     .error = reply.error,
				     .usage = reply.usage };
	e->first = (e->first + 1) % e->room;
	e->count--;
	if (reply.wish != ret->what.wish)
		return -EPROTO;
	if (reply.wish == GROUP_NEW || reply.wish == GROUP_RESET)
		return keep(e, &ret->what, reply.wish == GROUP_NEW ? reply.id : ret->what.group,
			    reply.error);
	return 0;
}
