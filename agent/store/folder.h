/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder: the folders that Fairlead keeps things in (state, runtime).  Whoever may write
 * there may lie to us, so one that is a symbolic link, belongs to a stranger or may be
 * written by everybody is refused.  On failure `why` holds a line fit for a human.
 */
#pragma once
#include <sys/types.h>

enum { STORE_WHY = 512 };

/*
 * Makes the folder (not those above it) with this mode and owner where it is missing; where
 * it is there its mode stays as a human set it, and an empty one that belongs to
 * root is handed over when root asks.  Then checks it as folder_open() does.
 * A descriptor of it, or -errno: -ELOOP a link, -ENOTDIR no folder, -EPERM not safe.
 */
int folder_make(const char *path, mode_t mode, uid_t uid, gid_t gid, char why[STORE_WHY]);

/* Opens what is there; it must belong to uid, or to root. */
int folder_open(const char *path, uid_t uid, char why[STORE_WHY]);
