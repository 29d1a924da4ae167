/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/group_client.h"

#include <errno.h>
#include <poll.h>

#include "agent/base/clock.h"
#include "agent/wire/group.h"

static int wait_for_answer(int socket, uint64_t end)
{
	struct pollfd ready = { .fd = socket, .events = POLLIN };
	int r;

	do {
		uint64_t now = clock_mono_ns();

		r = poll(&ready, 1, now < end ? (int)((end - now) / NS_PER_MSEC) + 1 : 0);
	} while (r < 0 && errno == EINTR);
	return r > 0 ? 0 : r ? -errno : -ETIMEDOUT;
}

static int ask(struct group_client *c, struct group_request *request, int pidfd,
	       struct group_reply *ret)
{
	uint64_t end = clock_mono_ns() + GROUP_ANSWER_MS * NS_PER_MSEC;
	int r;

	request->magic = GROUP_MAGIC;
	request->version = GROUP_WIRE_VERSION;
	request->serial = ++c->serial;
	r = group_send_request(c->socket, request, pidfd);
	do { /* past answers that came after their time */
		r = r ? r : wait_for_answer(c->socket, end);
		r = r ? r : group_receive_reply(c->socket, ret);
	} while (!r && ret->serial != request->serial);
	if (!r && ret->wish != request->wish)
		r = -EPROTO;
	return r ? r : ret->error;
}

int group_ask_new(struct group_client *c, const struct group_limits *limits, uint32_t *ret_id)
{
	struct group_request request = { .wish = GROUP_NEW, .limits = *limits };
	struct group_reply reply;
	int r = ask(c, &request, -1, &reply);

	if (!r)
		*ret_id = reply.id;
	return r;
}

int group_ask_put(struct group_client *c, uint32_t id, int pidfd)
{
	struct group_request request = { .wish = GROUP_PUT, .id = id };

	return ask(c, &request, pidfd, &(struct group_reply){ 0 });
}

int group_ask_limit(struct group_client *c, uint32_t id, const struct group_limits *limits)
{
	struct group_request request = { .wish = GROUP_LIMIT, .id = id, .limits = *limits };

	return ask(c, &request, -1, &(struct group_reply){ 0 });
}

int group_ask_use(struct group_client *c, uint32_t id, struct group_usage *ret)
{
	struct group_request request = { .wish = GROUP_USE, .id = id };
	struct group_reply reply;
	int r = ask(c, &request, -1, &reply);

	if (!r)
		*ret = reply.usage;
	return r;
}

int group_ask_reset(struct group_client *c, uint32_t id)
{
	struct group_request request = { .wish = GROUP_RESET, .id = id };

	return ask(c, &request, -1, &(struct group_reply){ 0 });
}

int group_ask_free(struct group_client *c, uint32_t id)
{
	struct group_request request = { .wish = GROUP_FREE, .id = id };

	return ask(c, &request, -1, &(struct group_reply){ 0 });
}
