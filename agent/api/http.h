/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: the door.  libmicrohttpd parses what comes from outside; its epoll is nested in our
 * loop, so that requests are answered between two beats without a thread or a lock.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct history_snapshot;
struct http;
struct jobs_agent;
struct loop;
struct sample;
struct scrape;

/* What the door asks of the agent.  Texts are malloc'ed, NULL when out of memory. */
struct http_agent {
	void *context;
	char *(*snapshot)(void *context, const struct sample *base); /* NULL: the own window */
	struct sample *(*base)(void *context);
	/* -EINVAL: no series begins so */
	int (*history)(void *context, const char *prefix, uint64_t length_ns,
		       struct history_snapshot **ret);
	char *(*doctor)(void *context);
	const char *(*not_ready)(void *context); /* NULL when ready, else why not */
};

struct http_terms {
	int listener;                  /* borrowed */
	unsigned int connections;      /* at once; for more, silent ones make room, or they wait */
	bool metrics_only;             /* who is not on this machine sees no more than these */
	struct scrape *scrape;         /* borrowed */
	const struct jobs_agent *jobs; /* NULL: jobs are nothing that this door knows of */
	size_t body_bytes;             /* the most that a request's body may have */
};

/* What guests did not get. */
struct http_losses {
	uint64_t refused; /* requests: too many of a kind, or no memory */
	uint64_t cut_off; /* guests who were too slow, or silent where another one waited */
};

/* terms, with jobs, and agent are copied. */
int http_new(struct http **ret, struct loop *loop, const struct http_terms *terms,
	     const struct http_agent *agent);
struct http *http_free(struct http *h); /* cuts off what is still open */

/* No new connections; those that are open finish. */
void http_drain(struct http *h);
unsigned int http_connections(const struct http *h);
void http_lost(const struct http *h, struct http_losses *to); /* adds */
