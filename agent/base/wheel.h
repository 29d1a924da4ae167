/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wheel: many deadlines, most of which never come because what they are for is over before.  So
 * setting one and taking it back are a step each; a tick of 8.4 ms is looked at once, when it is
 * over, with those that come round later (a turn takes 8.6 s).  A deadline is thus handed out up
 * to a tick late, and never early.  Time is handed in.
 */
#pragma once
#include <stdint.h>

#include "agent/base/list.h"

enum { WHEEL_SHIFT = 23, WHEEL_SLOTS = 1024 }; /* a tick is 2^23 ns */

#define WHEEL_NEVER UINT64_MAX

struct wheel_entry {
	struct list link;
	uint64_t at_ns;
};

struct wheel {
	struct list slots[WHEEL_SLOTS];
	struct list due;
	uint64_t tick; /* the first that is not over */
	size_t count;  /* in slots or due */
};

void wheel_init(struct wheel *w, uint64_t now_ns);
void wheel_entry_init(struct wheel_entry *e);

/* One that is in no wheel. */
void wheel_add(struct wheel *w, struct wheel_entry *e, uint64_t at_ns);

/* May be in no wheel. */
void wheel_remove(struct wheel *w, struct wheel_entry *e);

/* One whose deadline has passed, taken out; NULL when there is no more. */
struct wheel_entry *wheel_take_due(struct wheel *w, uint64_t now_ns);

/* When to ask again at the latest; there may be nothing then.  WHEEL_NEVER: none is set. */
uint64_t wheel_when(const struct wheel *w);
