/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sleeper: a request that is not through at once.  While it waits for something its connection
 * sleeps: the library does not look at it, so we look whether its client hangs up.
 */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_source;
struct sleeper;

/* Of one door. */
struct sleepers {
	struct loop *loop; /* borrowed */
	/* The library is to go on with who woke up: at once, or in the loop's next turn. */
	void (*run)(void *context), (*run_later)(void *context);
	void *context;
	struct sleeper *first;
};

/* What the library keeps of a request (its `state`) once that has one of these. */
struct sleeper {
	struct sleeper *next, **link;
	struct sleepers *of;
	struct MHD_Connection *connection;
	/* The library comes again: with more of the body, at its end, or after a sleep. */
	enum MHD_Result (*again)(struct sleeper *s, const char *upload, size_t *upload_size);
	void (*end)(struct sleeper *s); /* the request is over, answered or not: frees it */
	struct loop_source *timer, *hangup;
	bool asleep, gone; /* gone: who asked has hung up */
};

/* The caller has set again() and end(). */
void sleeper_init(struct sleeper *s, struct sleepers *of, struct MHD_Connection *c);
void sleeper_done(struct sleeper *s);

/* Until woken, or ns are over (0: until woken only), or the client is gone.  -errno: it is awake. */
int sleeper_sleep(struct sleeper *s, uint64_t ns);

/* The library goes on with it in the loop's next turn, or at once with sleeper_run(). */
void sleeper_wake(struct sleeper *s);
void sleeper_run(struct sleeper *s);

void sleepers_wake(struct sleepers *all);
