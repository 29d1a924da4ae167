/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests: what may be asked for at a door, and what it gets.  One that has to wait, for a window
 * to end or for a body to be compressed, sleeps here; nobody else waits for it.
 */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>

#include "agent/api/http.h"
#include "agent/api/jobs_door.h"
#include "agent/api/sleeper.h"

/* The door fills in the first part and zeroes the rest. */
struct requests {
	struct scrape *scrape; /* all borrowed */
	struct http_losses *losses;
	struct http_agent agent;
	bool metrics_only;
	struct sleepers sleepers; /* all of the door's */
	struct jobs_door jobs;    /* without submit(): there is none */

	unsigned int windows; /* waited for */
};

/* *state: NULL when a request comes, and its own from then on. */
enum MHD_Result requests_handle(struct requests *r, struct MHD_Connection *c, const char *path,
				const char *method, const char *upload, size_t *upload_size,
				void **state);
void requests_end(void *state); /* takes NULL */

/* All who sleep: the library wants none asleep when it stops. */
void requests_wake(struct requests *r);
