/* SPDX-License-Identifier: Apache-2.0 */
/*
 * groups: the warden's side of agent/wire/group.h: the cgroups of one nursery.  All that the
 * nursery may do is make some of its own, as limited as it likes, and move processes of the job's
 * user into them that live in its namespaces.
 *
 * It needs user 0 and no capability: the folders belong to it, the kernel kills in version 2, and
 * version 1 lets user 0 move whom it likes.  The exception is a machine where no version 2 is
 * mounted: there ending others' processes takes CAP_KILL, without which a group is only as empty as
 * the nursery leaves it (what is left ends with the nursery's namespace).
 *
 * A reset group keeps a descriptor where the kernel is 6.12 or newer: with few to be had it is made
 * anew instead.
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

/* At the start: ends and removes what a warden left behind that was killed.  How many, or -errno. */
int groups_sweep(void);
