/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user: who a sandbox is to the host, and how a process comes to be in namespaces of his.  Root's
 * jobs are SANDBOX_HOST_USER, everybody else's he himself.
 */
#pragma once
#include <sys/types.h>

struct build;

struct user_host { /* who the new namespace belongs to, outside of it */
	uid_t uid;
	gid_t gid;
};

/*
 * clone3(2) into all namespaces, in the group of the build's spec where it has one: 0 in the new
 * process, its pid in ours, with *pidfd; or -errno.  As root it is the caller's one thread whose
 * rights change for a moment.
 */
pid_t user_clone(struct build *b, int *pidfd, struct user_host *ret);

/* In the new process: one user is mapped, the spec's. */
int user_become(struct build *b, const struct user_host *host);

/* Ends with its parent from now on; no change of user may come after this.  -EPIPE: it has gone
 * already, as nobody has the other end of this pipe or socket. */
int user_bind_to_parent(int other_end);
