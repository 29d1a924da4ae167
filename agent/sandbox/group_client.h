/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_client: the nursery's side of agent/wire/group.h: asks the warden and waits for the
 * answer.  Everything returns 0 or -errno: what the warden said, -EPIPE when it is gone,
 * -ETIMEDOUT when it did not answer within GROUP_ANSWER_MS.
 */
#pragma once
#include <stdint.h>

struct group_limits;
struct group_usage;

enum { GROUP_ANSWER_MS = 5000 };

struct group_client { /* one asker at a time; zeroed but for the socket, which is borrowed */
	int socket;
	uint32_t serial;
};

/* -ENOSPC when the connection has GROUP_MOST of them, -ENOENT for a limit that this machine has not. */
int group_ask_new(struct group_client *c, const struct group_limits *limits, uint32_t *ret_id);

/*
 * -ESRCH when it has ended, -EPERM when it is not the job's user's or lives in no namespace of a
 * nursery's, -EBADF for what is no pidfd.
 */
int group_ask_put(struct group_client *c, uint32_t id, int pidfd);

int group_ask_limit(struct group_client *c, uint32_t id, const struct group_limits *limits);
int group_ask_use(struct group_client *c, uint32_t id, struct group_usage *ret);

/* -EBUSY: something in it does not end; ask again later.  It is not to be used until then. */
int group_ask_reset(struct group_client *c, uint32_t id);

/* The id is no more, even at -EBUSY: the warden goes on trying. */
int group_ask_free(struct group_client *c, uint32_t id);
