/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool: sandboxes of one kind, some of them started ahead.  They are made by a nursery, a process
 * that the warden starts and that is started anew when it ends.  What a pool keeps ready it
 * refills when nobody waits for a sandbox.  One sandbox has one job, then it is gone.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/wire/nurse.h"

struct loop;
struct loop_source;
struct pool;
struct warden;

struct pool_terms {
	char name[64];
	uint32_t minimum; /* kept ready */
	uint32_t maximum; /* alive at once, those that have a job among them */
	struct nurse_terms nurse;
};

/* A sandbox that was taken.  Its taker reads and writes the socket (agent/wire/slot.h). */
struct pool_slot {
	int socket;
	bool warm;        /* it was ready when it was asked for */
	uint64_t made_ns; /* how long its making took */
	struct pool *pool;
	/* The taker's, zeroed: limited() follows pool_limit(), error 0 or why not; gone() when nothing is
	 * left of it, by itself or ended, unless it was released before. */
	void (*limited)(struct pool_slot *s, int error, const char *why);
	void (*gone)(struct pool_slot *s, const struct group_usage *used);
	void *context;
	/* the pool's own: */
	struct pool_slot *next;
	uint32_t number;
	int state;
	bool is_gone;
	struct loop_source *source; /* while it is awaited */
	uint64_t since_ns;
};

/* One who waits for a sandbox: the caller's, zeroed but for the two doors and the context. */
struct pool_taker {
	void (*given)(struct pool_taker *t, struct pool_slot *slot);
	void (*refused)(struct pool_taker *t, const char *why); /* why: one line, with the mend */
	void *context;
	struct pool *of;                 /* the pool's own, as these: */
	struct pool_taker *next, **link; /* NULL: does not wait */
};

struct pool_counts {
	uint32_t ready, making, busy, ending, waiting;           /* now */
	uint64_t made, taken_warm, taken_cold, failed, restarts; /* since the start */
};

/* The warden is borrowed.  -errno when there is no memory; a nursery that does not start is no
 * error here: who wants a sandbox is told. */
int pool_new(struct pool **ret, struct loop *loop, struct warden *warden,
	     const struct pool_terms *terms);
struct pool *pool_free(struct pool *p); /* ends all; takers are refused; returns NULL */

/* One of both doors opens, maybe before this is back. */
void pool_take(struct pool *p, struct pool_taker *taker);
void pool_leave(struct pool_taker *taker); /* waits no longer; may not be waiting */

void pool_signal(const struct pool_slot *slot, int signal); /* to its job */
void pool_limit(const struct pool_slot *slot, const struct group_limits *limits);
void pool_end(const struct pool_slot *slot); /* all in it is killed; gone() follows */
void pool_release(struct pool_slot *slot);   /* likewise, if it still lives; it is closed */

bool pool_has_groups(const struct pool *p); /* else limits are those of processes, use unknown */
const struct pool_terms *pool_terms(const struct pool *p);
void pool_counts(const struct pool *p, struct pool_counts *ret);
const char *pool_why(const struct pool *p);        /* nothing can be made now, or "" */
uint64_t pool_idle_since_ns(const struct pool *p); /* 0: somebody has or wants a sandbox */
