/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"

#define PATIENCE_S 10
#define ANSWER_MAX (64u << 20)

int client_socket(const char *path, int flags, struct sockaddr_un *to)
{
	int fd;

	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(to->sun_path))
		return -ENAMETOOLONG;
	memcpy(to->sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	return fd < 0 ? -errno : fd;
}

static int connect_to(const char *path, int flags, uint64_t wait_ns)
{
	struct timeval patience = { .tv_sec = (time_t)(wait_ns / NS_PER_SEC) + PATIENCE_S };
	struct sockaddr_un to;
	CLEANUP(closep) int fd = client_socket(path, flags, &to);

	if (fd < 0)
		return fd;
	/* connect waits, too, where nobody takes connections from a full queue: SO_SNDTIMEO */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return TAKE_FD(fd);
}

static int begin(struct client_call *ret, const char *socket, const char *path, int flags,
		 uint64_t wait_ns)
{
	CLEANUP(closep) int fd = connect_to(socket, flags, wait_ns);
	char request[512];

	if (fd < 0)
		return fd;
	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
		return -EIO;
	*ret = (struct client_call){ .fd = TAKE_FD(fd) };
	return 0;
}

int client_begin(struct client_call *ret, const char *socket, const char *path)
{
	return begin(ret, socket, path, SOCK_NONBLOCK, 0);
}

static int make_room(struct client_call *call)
{
	size_t room = call->room ? call->room * 2 : 16384;
	char *more;

	if (call->have + 1 < call->room)
		return 0;
	more = room > ANSWER_MAX ? NULL : realloc(call->text, room);
	if (!more)
		return -ENOMEM;
	call->text = more;
	call->room = room;
	return 0;
}

static int finish(struct client_call *call, struct answer *ret)
{
	char *body;
	int status;

	call->text[call->have] = '\0';
	body = strstr(call->text, "\r\n\r\n");
	if (sscanf(call->text, "HTTP/1.%*1[01] %d", &status) != 1 || !body)
		return -EPROTO;
	body += 4;
	call->have -= (size_t)(body - call->text);
	memmove(call->text, body, call->have + 1);
	*ret = (struct answer){ .status = status, .body = TAKE(call->text), .length = call->have };
	return 1;
}

/* The agent closes an HTTP/1.0 connection after its answer: that is the answer's end. */
int client_more(struct client_call *call, struct answer *ret)
{
	int r = make_room(call);
	ssize_t n;

	if (r)
		return r;
	n = read(call->fd, call->text + call->have, call->room - call->have - 1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	call->have += (size_t)n;
	return n ? 0 : finish(call, ret);
}

void client_call_done(struct client_call *call)
{
	closep(&call->fd);
	free(call->text);
	*call = CLIENT_CALL_NONE;
}

int client_get(struct answer *ret, const char *socket, const char *path, uint64_t wait_ns)
{
	CLEANUP(client_call_done) struct client_call call = CLIENT_CALL_NONE;
	int r = begin(&call, socket, path, 0, wait_ns);

	while (!r)
		r = client_more(&call, ret);
	return r == 1 ? 0 : r == -EAGAIN ? -ETIMEDOUT : r;
}

void answer_freep(struct answer *a)
{
	free(a->body);
}
