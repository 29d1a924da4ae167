/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	int fd;

	if ((path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path))
		return -1;
	memcpy(to.sun_path, path, strlen(path));
	if (path[0] == '@') /* the abstract name space */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, length)) {
		close(fd);
		return -1;
	}
	return fd;
}

void notify_open(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	*n = (struct notify){ .socket = path ? connect_to(path) : -1 };
	if (n->socket >= 0 && usec && (!pid || strtol(pid, NULL, 10) == getpid()))
		n->watchdog_ns = strtoull(usec, NULL, 10) * 1000;
}

void notify_close(struct notify *n)
{
	if (n->socket >= 0)
		close(n->socket);
	n->socket = -1;
}

void notify_send(const struct notify *n, const char *format, ...)
{
	char text[512];
	va_list args;

	if (n->socket < 0)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)!send(n->socket, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}
