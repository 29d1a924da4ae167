/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nursery: the process that makes and ends the sandboxes of one pool, as it is asked by the agent
 * (agent/wire/nurse.h).  It has namespaces of its own and rights in these alone: to the host it is
 * the job's user.  The frame of the sandboxes' root it makes once.  When the agent or the warden
 * goes, it goes, and the kernel ends with it, as process 1 of its namespace, all that it made.
 */
#pragma once
#include <sys/types.h>

/*
 * Started from the warden.  socket: to the agent; terms: a memfd with struct nurse_terms; groups:
 * to the warden (agent/sandbox/group_client.h), or -1.  All stay the caller's.  Its pid, or -errno.
 */
pid_t nursery_start(int socket, int terms, int groups);
