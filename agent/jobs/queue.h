/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue: jobs that wait for a place.  Each waits in its tenant's lane; which goes next is decided
 * by class, then between the lanes of that class in turn, then by who came first in the lane.
 *
 * Latency goes before normal before batch, but no class is passed over for ever: after 8 starts
 * of higher classes while it waits, a normal job goes, after 32 a batch job.  The count is of
 * starts, not of time: were a job promoted because it has waited long, an hour's backlog of batch
 * jobs would stand before every latency job that comes, which is when the classes matter most.
 *
 * Pure: time is handed in, entries and lanes are the caller's.  Putting, taking and removing cost
 * the same however many wait.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/list.h"
#include "agent/base/wheel.h"

enum queue_class { QUEUE_LATENCY, QUEUE_NORMAL, QUEUE_BATCH, _QUEUE_CLASS_MAX };

struct queue {
	struct list turns[_QUEUE_CLASS_MAX];   /* lanes with something of the class, not held */
	unsigned int passed[_QUEUE_CLASS_MAX]; /* starts of higher classes while it waited */
	size_t length[_QUEUE_CLASS_MAX];
	size_t total, max;
	struct wheel deadlines;
};

/* One tenant's. */
struct queue_lane {
	struct queue *queue;
	struct queue_turn {
		struct list entries, link;
		struct queue_lane *lane;
	} turns[_QUEUE_CLASS_MAX];
	size_t length;
	bool held; /* none of it goes: the tenant has as many under way as it may */
};

/* What a job has to wait with. */
struct queue_entry {
	struct list link;
	struct wheel_entry deadline;
	struct queue_lane *lane; /* NULL: it does not wait */
	enum queue_class class;
	uint64_t since_ns;
};

/* A queue is too large for a stack's taste: 16 KiB.  No more than max wait at once. */
void queue_init(struct queue *q, size_t max, uint64_t now_ns);
void queue_lane_init(struct queue_lane *lane, struct queue *q);
void queue_entry_init(struct queue_entry *e);

/* To the end of its lane.  deadline_ns: when it need not start any more, 0 for never.
 * -ENOBUFS: as many wait as may. */
int queue_put(struct queue_lane *lane, struct queue_entry *e, enum queue_class class,
	      uint64_t deadline_ns, uint64_t now_ns);

/* The one that goes next, taken out; NULL when none may go.  *expired: its deadline has passed,
 * so it is not to start, and asking again gives another. */
struct queue_entry *queue_take(struct queue *q, uint64_t now_ns, bool *expired);

/* Only one whose deadline has passed, which may be seen 8.4 ms late.  For when no place is free. */
struct queue_entry *queue_take_expired(struct queue *q, uint64_t now_ns);

/* Wherever it stands; one that does not wait may be removed too. */
void queue_remove(struct queue_entry *e);

/* Nothing of a held lane goes, though its deadlines pass. */
void queue_hold(struct queue_lane *lane);
void queue_release(struct queue_lane *lane);

bool queue_is_full(const struct queue *q);

/* When to ask for expired ones again, or WHEEL_NEVER. */
uint64_t queue_when(const struct queue *q);
