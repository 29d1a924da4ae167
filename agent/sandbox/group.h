/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group: the cgroup of one sandbox, with its limits: each controller in version 2 where it is
 * there, else in version 1.  To make one takes a millisecond now and then: a pool does it ahead.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct group_limits { /* 0: no limit */
	uint64_t memory_bytes, swap_bytes;
	uint64_t cpu_thousandths; /* of a CPU */
	uint64_t processes;
};

enum { GROUP_PLACES = 4, GROUP_PATH = 160 };

struct sandbox_group {
	struct {
		char path[GROUP_PATH];
		char base[GROUP_PATH];
		int version;
	} places[GROUP_PLACES];
	size_t count;
	int folder; /* of version 2, to be cloned into; or -1 */
};

/*
 * -ENOENT where a controller is nowhere to be had, -EACCES or -EROFS where none may be made;
 * nothing is left then.
 */
int group_make(struct sandbox_group *ret, const struct group_limits *limits);
int group_add(const struct sandbox_group *g, pid_t pid); /* where it was not cloned into */
int group_kill(const struct sandbox_group *g);           /* -EOPNOTSUPP but for version 2 */
uint64_t group_memory_kills(const struct sandbox_group *g);

/* Waits for what is ending in it.  Also of others that were made here and left behind. */
int group_remove(struct sandbox_group *g);
