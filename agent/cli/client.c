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

static int connect_to(const char *path, uint64_t wait_ns)
{
	CLEANUP(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = (time_t)(wait_ns / NS_PER_SEC) + PATIENCE_S };
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, strlen(path));
	/* connect waits, too, where nobody takes connections from a full queue: SO_SNDTIMEO */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return TAKE_FD(fd);
}

/* The agent closes an HTTP/1.0 connection after its answer: that is the answer's end. */
static int read_all(int fd, char **ret, size_t *length)
{
	CLEANUP(freep) char *text = NULL;
	size_t have = 0, room = 0;
	ssize_t n;

	do {
		if (have + 1 >= room) {
			char *more;

			room = room ? room * 2 : 16384;
			more = room > ANSWER_MAX ? NULL : realloc(text, room);
			if (!more)
				return -ENOMEM;
			text = more;
		}
		n = read(fd, text + have, room - have - 1);
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		have += n > 0 ? (size_t)n : 0;
	} while (n);
	text[have] = '\0';
	*length = have;
	*ret = TAKE(text);
	return 0;
}

int client_get(struct answer *ret, const char *socket, const char *path, uint64_t wait_ns)
{
	CLEANUP(closep) int fd = connect_to(socket, wait_ns);
	CLEANUP(freep) char *text = NULL;
	char request[512];
	size_t length = 0;
	char *body;
	int status, r;

	if (fd < 0)
		return fd;
	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", path);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
		return -EIO;
	r = read_all(fd, &text, &length);
	if (r)
		return r;
	body = strstr(text, "\r\n\r\n");
	if (sscanf(text, "HTTP/1.%*1[01] %d", &status) != 1 || !body)
		return -EPROTO;
	body += 4;
	length -= (size_t)(body - text);
	memmove(text, body, length + 1);
	*ret = (struct answer){ .status = status, .body = TAKE(text), .length = length };
	return 0;
}

void answer_freep(struct answer *a)
{
	free(a->body);
}
