/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests: what may be asked for at a door, and what it gets.  One that has to wait, for a window
 * to end or for a body to be compressed, sleeps here; nobody else waits for it.
 */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>

#include "agent/api/http.h"

struct waiter;

/* The door fills in the first part and zeroes the rest. */
struct requests {
	struct loop *loop; /* all borrowed */
	struct scrape *scrape;
	struct http_losses *losses;
	struct http_agent agent;
	bool metrics_only;
	void (*run)(void *context); /* somebody woke up: the library is to go on with him */
	void *context;

	struct waiter *waiters;
	unsigned int windows; /* waited for */
};

/* *state: NULL when a request comes, and its own from then on. */
enum MHD_Result requests_handle(struct requests *r, struct MHD_Connection *c, const char *path,
				const char *method, void **state);
void requests_end(void *state); /* takes NULL */

/* All who sleep: the library wants none asleep when it stops. */
void requests_wake(struct requests *r);
