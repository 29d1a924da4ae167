/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caller: one connection to the agent's socket that sends one request after the other, without
 * ever waiting: who holds it waits for its descriptor, with as many others as there are.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/cli/bench/reply.h"

struct caller {
	int fd; /* -1: not connected */
	const char *request;
	size_t length, sent;
	struct reply reply;
	uint64_t sent_ns, first_ns, whole_ns; /* first send, first byte of the body, last byte */
};
#define CALLER_NONE ((struct caller){ .fd = -1 })

/* -EAGAIN: the agent's queue is full, try again; -ECONNREFUSED, -ENOENT: nobody is there. */
int caller_connect(struct caller *c, const char *path);

/* Begins it; the text is the caller's, until the answer is whole. */
int caller_send(struct caller *c, const char *request, size_t length);
bool caller_is_sending(const struct caller *c); /* wants to write, too */

/* When the descriptor is ready.  As reply_more(), or another -errno. */
int caller_go_on(struct caller *c);

void caller_hang_up(struct caller *c); /* keeps its room */
void caller_done(struct caller *c);

/* Sends one and waits for its answer; connects where it is not.  As caller_go_on(); -ETIMEDOUT,
 * -EINTR when we were told to stop.  An answer is 0 here. */
int caller_ask(struct caller *c, const char *path, const char *request, size_t length,
	       uint64_t patience_ns);
