/* SPDX-License-Identifier: Apache-2.0 */
/* listen: the unix socket that the agent answers on, taken once and never from a living agent. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct listener {
	int fd, lock;
	char path[108];
};

/*
 * Binds and listens; the socket is for uid and gid alone.  A stale socket is taken over; one
 * that somebody answers on, or that is being started, is -EADDRINUSE.  -errno otherwise, and
 * in `why` a line that says what is wrong and how to mend it.
 */
int listener_open(struct listener *ret, const char *path, uid_t uid, gid_t gid, char *why,
		  size_t size);

/* Stops listening and removes the socket where that is still allowed. */
void listener_close(struct listener *l);
