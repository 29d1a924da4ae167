/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places: what an agent needs of the file system and has no right to make for itself: its
 * socket, taken once and never from a living agent, and its folders.  Done by the warden
 * before it gives up what this takes.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#define PLACES_RUNTIME "/run/fairlead"

enum { PLACES_LISTENER, PLACES_LOCK, _PLACES_FD_MAX };

/*
 * Binds and listens on path, for uid and gid alone; the lock is to be held for the agent's
 * life.  A stale socket is taken over; one that somebody answers on, or that is being
 * started, is -EADDRINUSE.  -errno otherwise, and in `why` a line that says what is wrong and
 * how to mend it.
 */
int places_take(int fds[_PLACES_FD_MAX], const char *path, const char *state_dir, uid_t uid,
		gid_t gid, char *why, size_t size);

/* What of this can be told beforehand; nothing is made or taken.  The path may be a living agent's. */
int places_check(const char *path, char *why, size_t size);
