/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/caller.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/cli/bench/stop.h"
#include "agent/cli/client.h"

int caller_connect(struct caller *c, const char *path)
{
	struct sockaddr_un to;
	CLEANUP(closep) int fd = client_socket(path, SOCK_NONBLOCK, &to);

	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return -errno;
	c->fd = TAKE_FD(fd);
	return 0;
}

static int send_on(struct caller *c)
{
	ssize_t n = send(c->fd, c->request + c->sent, c->length - c->sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0
		       : errno == EPIPE                  ? -ECONNRESET
							 : -errno;
	c->sent += (size_t)n;
	return 0;
}

int caller_send(struct caller *c, const char *request, size_t length)
{
	reply_clear(&c->reply);
	c->request = request;
	c->length = length;
	c->sent = 0;
	c->first_ns = c->whole_ns = 0;
	c->sent_ns = clock_mono_ns();
	return send_on(c);
}

bool caller_is_sending(const struct caller *c)
{
	return c->sent < c->length;
}

static int receive(struct caller *c)
{
	size_t room;
	char *at = reply_room(&c->reply, &room);
	ssize_t n;
	int r;

	if (!at)
		return -EMSGSIZE;
	n = recv(c->fd, at, room, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	r = reply_more(&c->reply, (size_t)n);
	if (r >= 0 && !c->first_ns && (r || reply_has_body(&c->reply)))
		c->first_ns = clock_mono_ns();
	if (r > 0)
		c->whole_ns = clock_mono_ns();
	return r;
}

int caller_go_on(struct caller *c)
{
	int r = caller_is_sending(c) ? send_on(c) : 0;

	/* Who refuses a request may answer before it is whole; and close: the answer counts. */
	return r && r != -ECONNRESET ? r : receive(c);
}

void caller_hang_up(struct caller *c)
{
	closep(&c->fd);
	c->fd = -1;
	c->request = NULL;
	c->length = c->sent = 0;
}

void caller_done(struct caller *c)
{
	caller_hang_up(c);
	reply_done(&c->reply);
}

static int wait_for(const struct caller *c, uint64_t end)
{
	struct pollfd fd = { .fd = c->fd,
			     .events = (short)(POLLIN | (caller_is_sending(c) ? POLLOUT : 0)) };

	return stop_poll(&fd, 1, end);
}

static int connect_until(struct caller *c, const char *path, uint64_t end)
{
	int r;

	while ((r = caller_connect(c, path)) == -EAGAIN) {
		uint64_t now = clock_mono_ns();

		if (now >= end)
			return -ETIMEDOUT;
		if (stop_poll(NULL, 0, now + NS_PER_MSEC) == -EINTR)
			return -EINTR;
	}
	return r;
}

/* An agent may close a connection that was silent for long: that is no failure of the next job. */
static void hang_up_if_stale(struct caller *c)
{
	char byte;

	if (c->fd >= 0 && (recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN))
		caller_hang_up(c);
}

int caller_ask(struct caller *c, const char *path, const char *request, size_t length,
	       uint64_t patience_ns)
{
	uint64_t end = clock_mono_ns() + patience_ns;
	int r;

	hang_up_if_stale(c);
	r = c->fd < 0 ? connect_until(c, path, end) : 0;
	if (!r)
		r = caller_send(c, request, length);
	while (!r) {
		r = wait_for(c, end);
		if (!r)
			r = caller_go_on(c);
	}
	if (r < 0 || c->reply.closes)
		caller_hang_up(c);
	return r > 0 ? 0 : r;
}
