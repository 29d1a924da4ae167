/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group: the cgroup of one sandbox, with its limits and what was used.  To make one takes a
 * millisecond now and then: a pool does it ahead, and uses it again for the next job.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/wire/group.h" /* limits and usage: plain values */

struct group_host;

enum { GROUP_NAME = 96 };

struct sandbox_group {
	struct group_host *host; /* borrowed */
	char name[GROUP_NAME];   /* in each base of the host */
	unsigned int made;       /* bit by base */
	struct group_limits given, now;
	struct group_usage before; /* what its files say of earlier jobs */
	int folder;                /* of version 2, to be cloned into, or -1: see group_open() */
	int peak;                  /* memory.peak as it counts since the last reset, or -1 */
};

/*
 * In every hierarchy that there is, so that usage is known and limits can come later.  -ENOENT
 * where a limit's controller is nowhere to be had, -EBUSY where a process in the cgroup above keeps
 * it from being turned on, -EACCES or -EROFS where no group may be made; nothing is left then.
 */
int group_make(struct sandbox_group *ret, struct group_host *host,
	       const struct group_limits *limits);

/* For who clones into it: costs a descriptor for as long as it is there. */
int group_open(struct sandbox_group *g);

int group_put(const struct sandbox_group *g, pid_t pid);
int group_add(const struct sandbox_group *g, pid_t pid); /* the rest, where it was cloned into */
int group_limit(struct sandbox_group *g, const struct group_limits *limits);
int group_use(const struct sandbox_group *g, struct group_usage *ret);

int group_kill(
	const struct sandbox_group *g); /* waits for nothing; -EOPNOTSUPP but for version 2 */

/*
 * Kills all that is in it, faster than it can fork, and waits until it is gone, 200 ms at most:
 * -EBUSY.  Takes limits off that would slow its end.  Where no version 2 is mounted this signals
 * processes one by one, for which those of others take CAP_KILL.
 */
int group_end(struct sandbox_group *g);

/*
 * Ends what is in it and makes it as fresh: limits as when it was made, nothing used, no memory
 * charged.  Where the kernel cannot do that to a group that is there it is made anew.
 */
int group_reset(struct sandbox_group *g);

/* Ends what is in it too.  -EBUSY: not all of it could be removed, and it may be tried again. */
int group_remove(struct sandbox_group *g);

/* Ends and removes what makers left behind that are gone.  Returns how many. */
int group_sweep(struct group_host *host);
