/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: asks the agent on its unix socket.  The peer is our own binary behind a socket that
 * only its user and group may touch, so 60 lines of HTTP/1.0 do: a library that speaks all of
 * HTTP would cost a command more time to load than the whole answer takes.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct sockaddr_un;

/* A socket that is not connected yet, and in *to what to connect it to; -errno. */
int client_socket(const char *path, int flags, struct sockaddr_un *to);

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

/* The same for who has other things to do meanwhile: wait until fd can be read, then more. */
struct client_call {
	int fd; /* -1: none is under way */
	char *text;
	size_t have, room;
};
#define CLIENT_CALL_NONE ((struct client_call){ .fd = -1 })

int client_begin(struct client_call *ret, const char *socket, const char *path);
/* 1 with the answer, 0 when more is to come, or a negative errno as above. */
int client_more(struct client_call *call, struct answer *ret);
void client_call_done(struct client_call *call); /* gives up what is under way */
