/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root: the frame of a sandbox: all that is mounted inside and may be the same for many: the
 * system, devices, volumes.  It is read-only; what a job has for itself is its room (room.h).
 */
#pragma once

struct build;

/* Where a root of one's own is put together from; with the host's, the frame is the root. */
#define ROOT_BASE    "base"    /* that root, as it is */
#define ROOT_ABOVE   "above"   /* the mount points above it */
#define ROOT_ROOM    "room"    /* where the room is mounted */
#define ROOT_VOLUMES "volumes" /* each by its number */

/* From the mounts of the host, in a namespace of our own, to the frame as /. */
int root_frame(struct build *b);

int root_pivot(void); /* into the folder where we stand; what was the root is gone */
