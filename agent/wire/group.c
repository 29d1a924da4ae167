/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/wire/group.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/wire/message.h"

static bool is_between(uint64_t value, uint64_t least, uint64_t most)
{
	return !value || (value >= least && value <= most);
}

int group_check_limits(const struct group_limits *l)
{
	bool sense = is_between(l->memory_bytes, GROUP_LEAST_MEMORY, GROUP_MOST_BYTES) &&
		     is_between(l->swap_bytes, 1, GROUP_MOST_BYTES) &&
		     is_between(l->cpu_thousandths, GROUP_LEAST_CPU, GROUP_MOST_CPU) &&
		     is_between(l->processes, 1, GROUP_MOST_PROCESSES) &&
		     is_between(l->read_bytes, 1, GROUP_MOST_BYTES) &&
		     is_between(l->written_bytes, 1, GROUP_MOST_BYTES) &&
		     is_between(l->reads, 1, UINT32_MAX) && is_between(l->writes, 1, UINT32_MAX);

	return sense ? 0 : -EINVAL;
}

int group_check_request(const void *bytes, size_t size, struct group_request *ret)
{
	struct group_request r;

	if (size != sizeof(r))
		return -EPROTO;
	memcpy(&r, bytes, sizeof(r));
	if (r.magic != GROUP_MAGIC || r.version != GROUP_WIRE_VERSION || r.wish < GROUP_NEW ||
	    r.wish >= _GROUP_WISH_MAX)
		return -EPROTO;
	*ret = r;
	return 0;
}

int group_send_request(int socket, const struct group_request *r, int pidfd)
{
	return message_send(socket, r, sizeof(*r), &pidfd, pidfd >= 0, 0);
}

int group_receive_request(int socket, struct group_request *ret, int *pidfd)
{
	char bytes[sizeof(struct group_request)];
	int fds[MESSAGE_FDS], r;
	size_t count;
	ssize_t n = message_receive(socket, bytes, sizeof(bytes), fds, &count, MSG_DONTWAIT);

	r = n < 0 ? (int)n : n == 0 ? -EPIPE : group_check_request(bytes, (size_t)n, ret);
	if (!r && count != (ret->wish == GROUP_PUT))
		r = -EPROTO;
	if (r)
		message_close_fds(fds, count);
	else
		*pidfd = count ? fds[0] : -1;
	return r;
}

int group_send_reply(int socket, const struct group_reply *r)
{
	return message_send(socket, r, sizeof(*r), NULL, 0, MSG_DONTWAIT);
}

int group_receive_reply(int socket, struct group_reply *ret)
{
	struct group_reply r;
	int fds[MESSAGE_FDS];
	size_t count;
	ssize_t n = message_receive(socket, &r, sizeof(r), fds, &count, 0);

	message_close_fds(fds, count); /* a reply carries none */
	if (n <= 0)
		return n ? (int)n : -EPIPE;
	if (n != sizeof(r) || count || r.magic != GROUP_MAGIC || r.version != GROUP_WIRE_VERSION)
		return -EPROTO;
	*ret = r;
	return 0;
}
