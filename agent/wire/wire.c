/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/wire/wire.h"

#include <errno.h>
#include <string.h>

#include "agent/wire/message.h"

_Static_assert(WIRE_FDS == MESSAGE_FDS, "room for what a message carries");

int wire_check_request(const void *bytes, size_t size, struct wire_request *ret)
{
	struct wire_request r;

	if (size != sizeof(r))
		return -EPROTO;
	memcpy(&r, bytes, sizeof(r));
	if (r.magic != WIRE_MAGIC || r.version != WIRE_VERSION)
		return -EPROTO;
	if (r.kind < WIRE_HELLO || r.kind >= _WIRE_KIND_MAX || r.subject >= _WIRE_SUBJECT_MAX ||
	    r.file >= _WIRE_FILE_MAX || r.cgroups > 1 || r.hook > WIRE_HOOKS || r.execute > 1)
		return -EPROTO;
	if (!memchr(r.socket, 0, sizeof(r.socket)) || !memchr(r.state_dir, 0, sizeof(r.state_dir)))
		return -EPROTO;
	*ret = r;
	return 0;
}

int wire_send_request(int socket, const struct wire_request *r, const int *fds, size_t count)
{
	return message_send(socket, r, sizeof(*r), fds, count, 0);
}

int wire_receive_request(int socket, struct wire_request *ret, int fds[WIRE_NURSERY_FDS])
{
	char bytes[sizeof(struct wire_request)];
	int came[MESSAGE_FDS], r;
	size_t count;
	ssize_t n = message_receive(socket, bytes, sizeof(bytes), came, &count, 0);

	if (n <= 0)
		return n ? (int)n : -EPIPE;
	r = wire_check_request(bytes, (size_t)n, ret);
	if (!r && count == (ret->kind == WIRE_NURSERY ? WIRE_NURSERY_FDS : 0)) {
		memcpy(fds, came, count * sizeof(*fds));
		return 0;
	}
	message_close_fds(came, count);
	return -EPROTO;
}

int wire_send_reply(int socket, const struct wire_reply *r, const int *fds)
{
	return r->fds > WIRE_FDS ? -EINVAL : message_send(socket, r, sizeof(*r), fds, r->fds, 0);
}

int wire_receive_reply(int socket, struct wire_reply *ret, int fds[WIRE_FDS])
{
	struct wire_reply r;
	size_t count;
	ssize_t n = message_receive(socket, &r, sizeof(r), fds, &count, 0);

	if (n == sizeof(r) && r.magic == WIRE_MAGIC && r.version == WIRE_VERSION &&
	    r.fds == count) {
		r.text[sizeof(r.text) - 1] = '\0';
		*ret = r;
		return 0;
	}
	message_close_fds(fds, count);
	return n < 0 ? (int)n : n ? -EPROTO : -EPIPE;
}
