/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/wire/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control { /* aligned as the kernel wants it */
	char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
	struct cmsghdr header;
};

static int send_message(int socket, const void *data, size_t size, const int *fds, size_t count)
{
	struct iovec part = { (void *)data, size };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	if (count) {
		struct cmsghdr *c;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Returns the size of the message, 0 at its end; *count descriptors in fds. */
static ssize_t receive_message(int socket, void *data, size_t size, int fds[WIRE_FDS],
			       size_t *count)
{
	struct iovec part = { data, size };
	union control control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	*count = 0;
	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			*count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(c), sizeof(int) * *count);
		}
	return message.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EPROTO : n;
}

static void close_all(const int *fds, size_t count)
{
	while (count)
		close(fds[--count]);
}

int wire_check_request(const void *bytes, size_t size, struct wire_request *ret)
{
	struct wire_request r;

	if (size != sizeof(r))
		return -EPROTO;
	memcpy(&r, bytes, sizeof(r));
	if (r.magic != WIRE_MAGIC || r.version != WIRE_VERSION)
		return -EPROTO;
	if (r.kind < WIRE_HELLO || r.kind >= _WIRE_KIND_MAX || r.subject >= _WIRE_SUBJECT_MAX ||
	    r.file >= _WIRE_FILE_MAX || r.cgroups > 1 || r.hook > WIRE_HOOKS)
		return -EPROTO;
	if (!memchr(r.socket, 0, sizeof(r.socket)) || !memchr(r.state_dir, 0, sizeof(r.state_dir)))
		return -EPROTO;
	*ret = r;
	return 0;
}

int wire_send_request(int socket, const struct wire_request *r)
{
	return send_message(socket, r, sizeof(*r), NULL, 0);
}

int wire_receive_request(int socket, struct wire_request *ret)
{
	char bytes[sizeof(struct wire_request)];
	int fds[WIRE_FDS];
	size_t count;
	ssize_t n = receive_message(socket, bytes, sizeof(bytes), fds, &count);

	close_all(fds, count); /* a request carries none */
	if (n <= 0)
		return n ? (int)n : -EPIPE;
	return count ? -EPROTO : wire_check_request(bytes, (size_t)n, ret);
}

int wire_send_reply(int socket, const struct wire_reply *r, const int *fds)
{
	return r->fds > WIRE_FDS ? -EINVAL : send_message(socket, r, sizeof(*r), fds, r->fds);
}

int wire_receive_reply(int socket, struct wire_reply *ret, int fds[WIRE_FDS])
{
	struct wire_reply r;
	size_t count;
	ssize_t n = receive_message(socket, &r, sizeof(r), fds, &count);

	if (n == sizeof(r) && r.magic == WIRE_MAGIC && r.version == WIRE_VERSION &&
	    r.fds == count) {
		r.text[sizeof(r.text) - 1] = '\0';
		*ret = r;
		return 0;
	}
	close_all(fds, count);
	return n < 0 ? (int)n : n ? -EPROTO : -EPIPE;
}
