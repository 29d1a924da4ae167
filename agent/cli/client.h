/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: asks the agent on its unix socket.  The peer is our own binary behind a socket that
 * only its user and group may touch, so 60 lines of HTTP/1.0 do: a library that speaks all of
 * HTTP would cost a command more time to load than the whole answer takes.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct answer {
	int status; /* HTTP status */
	char *body; /* NUL-terminated, owned */
	size_t length;
};

/*
 * GET path.  wait_ns: how long the agent may take on top of the usual 10 s.  -ECONNREFUSED or
 * -ENOENT: no agent there; -EACCES: not for this user; -EPROTO: no HTTP; other -errno.
 */
int client_get(struct answer *ret, const char *socket, const char *path, uint64_t wait_ns);
void answer_freep(struct answer *a);
