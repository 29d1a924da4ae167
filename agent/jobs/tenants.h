/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenants: who asks, what they have under way, and whether the next job of theirs starts, waits
 * or is refused.  Users of one rule are one tenant; any other user is one of its own.
 *
 * Pure: time is handed in.  Tenants of a rule stay; of the others so many are kept, and the one
 * that was longest idle is forgotten for a new one.  What it counted goes on in the sums.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/bucket.h"
#include "agent/base/list.h"
#include "agent/config/tenant_rules.h"
#include "agent/jobs/queue.h"

enum tenant_verdict { TENANT_START, TENANT_QUEUE, TENANT_REFUSE };

enum tenant_limit {
	TENANT_RATE,       /* more jobs a second than it may */
	TENANT_QUEUE_FULL, /* as many of its jobs wait as may */
	TENANT_NODE_FULL,  /* as many of everybody's */
	TENANT_TOO_MANY,   /* more tenants at once than are kept */
	_TENANT_LIMIT_MAX
};

struct tenant_answer {
	enum tenant_verdict verdict;
	enum tenant_limit limit; /* TENANT_REFUSE: which it was, … */
	uint64_t retry_ns;       /* … and when to come again */
};

struct tenant_counts { /* only grow */
	uint64_t started, queued, refused[_TENANT_LIMIT_MAX];
};

struct tenant {
	char name[TENANT_NAME_MAX]; /* of its rule, or uid-N */
	struct tenant_limits limits;
	struct tenant_counts counts;
	struct queue_lane lane; /* what waits; its length is how many */
	uint64_t running;
	/* the room's own */
	struct bucket bucket;
	struct list used, chain;
	uint32_t uid;
	bool by_rule;
};

struct tenants;

/* The queue outlives it.  No more than kept users without a rule at once; -ENOMEM. */
int tenants_new(struct tenants **ret, struct queue *q, const struct tenant_rules *rules,
		size_t kept);
struct tenants *tenants_free(struct tenants *all); /* with nothing under way and nothing waiting */
void tenants_freep(struct tenants **all);

/*
 * From now on.  What is under way stays whose it was, with the limits that it now has; a tenant
 * whose rule is gone has those of others until it is idle.  -ENOMEM: all is as it was.
 */
int tenants_change(struct tenants *all, const struct tenant_rules *rules, uint64_t now_ns);

/*
 * Whose job it would be, and whether it may come: `room` says whether the node could start it at
 * once: a place is free, and nobody who may go waits.  TENANT_START: it is counted as under way until tenant_done().  TENANT_QUEUE: the caller
 * puts it into the lane, which has room for it.  *ret is NULL when refused for TENANT_TOO_MANY,
 * and stays valid as long as something of it is under way or waits.
 */
struct tenant_answer tenant_admit(struct tenants *all, uint32_t uid, bool room, uint64_t now_ns,
				  struct tenant **ret);

/* What was taken from its lane starts. */
void tenant_start(struct tenant *t);
void tenant_done(struct tenant *t);

/* Whose lane it is. */
struct tenant *tenant_of_lane(struct queue_lane *lane);

/* One after the other, from NULL to NULL; nothing may be admitted meanwhile. */
const struct tenant *tenants_next(const struct tenants *all, const struct tenant *after);

/* Of all that there ever were; with what was refused before anybody knew for whom. */
struct tenant_counts tenants_counts(const struct tenants *all);
