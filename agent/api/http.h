/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: the door.  libmicrohttpd parses what comes from outside; its epoll is nested in our
 * loop, so that requests are answered between two beats without a thread or a lock.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;
struct loop;
struct sample;

/* What the door asks of the agent.  Texts are malloc'ed, NULL when out of memory. */
struct http_agent {
	void *context;
	char *(*snapshot)(void *context, const struct sample *base); /* NULL: the own window */
	struct sample *(*base)(void *context);
	char *(*doctor)(void *context);
	/* *type: the media type that was chosen by the Accept header, which may be NULL */
	char *(*metrics)(void *context, const char *accept, const char **type);
	const char *(*not_ready)(void *context); /* NULL when ready, else why not */
};

/* listener is borrowed, `agent` is copied. */
int http_new(struct http **ret, struct loop *loop, int listener, unsigned int connections,
	     const struct http_agent *agent);
struct http *http_free(struct http *h); /* cuts off what is still open */

/* No new connections; those that are open finish. */
void http_drain(struct http *h);
unsigned int http_connections(const struct http *h);
