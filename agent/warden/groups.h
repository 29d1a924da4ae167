/* SPDX-License-Identifier: Apache-2.0 */
/*
 * groups: the warden's side of agent/wire/group.h: the cgroups of one nursery.  All that the
 * nursery may do is make some of its own, as limited as it likes, and move processes of the job's
 * user into them that live in its namespaces.
 *
 * It needs user 0 and, once the folder that all groups lie in is there, no capability: folder and
 * groups belong to it, in version 2 the kernel does the killing, and version 1 lets user 0 move
 * whom it likes.  The exceptions:
 * - To make that folder takes CAP_DAC_OVERRIDE, as even root may not write to the root of a
 *   hierarchy, or somebody who made it before: see groups_ground_new().
 * - Where no version 2 is mounted, ending others' processes takes CAP_KILL.  Without it a group
 *   does not end before the nursery does, and all in its pid namespace with it.
 * - Where version 2 has the cpuset controller on, kernels of 6.1's age move a process that has
 *   capabilities in its namespace only with CAP_SETUID, with which we are its user for a moment.
 *
 * A group that was reset keeps a descriptor where the kernel is 6.12 or newer; where there are too
 * few it is made anew instead.
 */
#pragma once
#include <sys/types.h>

struct groups;

int groups_new(struct groups **ret, uid_t job_user);

/* Ends and removes all of them. */
struct groups *groups_free(struct groups *g);

/*
 * Answers one message, which should be there: -EAGAIN when none is.  Any other error: the nursery
 * hung up (-EPIPE), broke the protocol or does not read its answers: close the socket.  Takes some
 * hundred microseconds at most, but 200 ms for what does not end.
 */
int groups_serve(struct groups *g, int socket);

/*
 * At the start, while the warden has all its rights: ends and removes what a warden left behind
 * that was killed, makes the folder of all groups and holds it, as it goes with the last group
 * otherwise.  After the end it may stay, empty, until the next `fairlead run` as root.
 */
struct groups_ground;
int groups_ground_new(struct groups_ground **ret);
struct groups_ground *groups_ground_free(struct groups_ground *g);

/* Only the first of this.  How many, or -errno. */
int groups_sweep(void);
