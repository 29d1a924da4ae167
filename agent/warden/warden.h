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
