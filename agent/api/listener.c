/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/base/cleanup.h"
#include "agent/config/address.h"

#define BACKLOG 256 /* a crowd outside of a full door: TCP drops who finds no place for a second */

static int take(const char *text)
{
	CLEANUP(closep) int fd = -1;
	struct sockaddr_storage address;
	int length = address_parse(text, &address), yes = 1;

	if (length < 0)
		return length;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Connections of the run before, which take a minute to fade, do not hinder. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    bind(fd, (const struct sockaddr *)&address, (socklen_t)length))
		return -errno;
	return TAKE_FD(fd);
}

static const char *mend(int r)
{
	switch (-r) {
	case EADDRINUSE:
		return "choose another port, or stop who has it";
	case EADDRNOTAVAIL:
		return "it is no address of this machine";
	case EACCES:
	case EPERM:
		return "choose a port above 1023: the agent has no rights of root's";
	case EAFNOSUPPORT:
		return "the service manager forbids it: see metrics_listen in docs/http.md";
	default:
		return "choose another address";
	}
}

static int explain(int r, const char *address, char *why, size_t size)
{
	snprintf(why, size, "metrics_listen: cannot listen on %s: %s: %s", address, strerror(-r),
		 mend(r));
	return r;
}

int listener_open(const char *address, char *why, size_t size)
{
	CLEANUP(closep) int fd = take(address);
	int r = fd < 0 ? fd : listen(fd, BACKLOG) ? -errno : 0;

	return r ? explain(r, address, why, size) : TAKE_FD(fd);
}

/* To bind is to ask the kernel, and does not hinder who does the same, and then listens. */
int listener_check(const char *address, char *why, size_t size)
{
	CLEANUP(closep) int fd = take(address);

	return fd < 0 && fd != -EADDRINUSE ? explain(fd, address, why, size) : 0;
}
