/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errands: what a nursery has the warden do with the groups of its sandboxes.  To put a process
 * into a group takes 10 ms now and then, in which the nursery has others to look after: so it asks
 * and goes on, and hears later.  The warden answers in the order of the questions.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/sandbox/group_client.h"
#include "agent/wire/group.h"

enum { ERRAND_SPARES = 8 };

struct errand {
	int wish;       /* enum group_wish */
	uint32_t group; /* 0: that is to be made */
	uint32_t slot;  /* whose it is */
	int socket;     /* that the asker left here until it is done, or -1 */
};

struct errands { /* zeroed to begin with */
	struct group_client client;
	struct group_limits limits; /* of a group, to begin with */
	struct errand *open;        /* a ring */
	size_t first, count, room;
	uint32_t spare[ERRAND_SPARES]; /* made, or fresh again */
	size_t spare_count;
};

/* One that was asked for earlier has been done; a group that it made or reset is spare already. */
struct errand_done {
	struct errand what;
	int error;
	struct group_usage usage; /* GROUP_USE */
};

/* Makes a first group, and waits for it: whether there can be any. */
bool errands_begin(struct errands *e, int socket, const struct group_limits *limits);

/* A spare one, or 0: ask for one and hear until there is. */
uint32_t errands_spare(struct errands *e);
int errands_new(struct errands *e);

int errands_put(struct errands *e, uint32_t group, int pidfd, uint32_t slot, int socket);
int errands_limit(struct errands *e, uint32_t group, const struct group_limits *l, uint32_t slot);
int errands_give_back(struct errands *e, uint32_t group, uint32_t slot); /* GROUP_USE comes first */

/* The next answer, which is waited for.  -EPIPE when the warden has gone. */
int errands_hear(struct errands *e, struct errand_done *ret);
