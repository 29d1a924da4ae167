/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warden: the privileged process.  It answers the wire's fixed-size messages with loaded
 * probes and files of its own table, and refuses everything else.  It parses no HTTP, no
 * JSON, no YAML, and ends when the agent does; what it attached goes with it.
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct wire_reply;
struct wire_request;

/* The other end as the agent holds it. */
struct warden {
	int socket;
	pid_t pid;
	uint32_t serial;
	uint32_t posted; /* the serial of what warden_post() asked; 0: nothing is open */
};

/* What the warden is told once, by whoever starts it, and the agent cannot change. */
struct warden_terms {
	const char *config; /* the path that WIRE_FILE_CONFIG stands for, NULL for none */
	uid_t uid;          /* whose the socket and the folders shall be */
	gid_t gid;
};

/* Forks the warden, which borrows the terms.  Call before anything starts a thread. */
int warden_start(struct warden *ret, const struct warden_terms *terms);

/* Hangs up and waits until the warden has gone. */
void warden_stop(struct warden *w);

/*
 * Asks and waits for the answer, 20 s at most.  0 when there was one, whatever it says;
 * -EPIPE when the warden is gone, -ETIMEDOUT.  fds as in wire_receive_reply().
 */
int warden_ask(struct warden *w, struct wire_request *request, struct wire_reply *ret, int *fds);

/* What came along with an answer; it has none then. */
void warden_close_fds(struct wire_reply *reply, const int *fds);

/*
 * Has a process started that makes sandboxes, as the terms in a memfd say (agent/wire/nurse.h),
 * and talks at the other end of the socket.  Both stay the caller's.
 */
int warden_nurse(struct warden *w, int socket, int terms);

/*
 * Asks and waits for nothing: for questions on the beat, which a warden that is stopped must not
 * hold up.  One at a time: -EBUSY while an answer is to come.
 */
int warden_post(struct warden *w, struct wire_request *request);
/* What was answered since, without descriptors; -EAGAIN when it was not yet. */
int warden_collect(struct warden *w, struct wire_reply *ret);
