/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: one message of a SOCK_SEQPACKET, with the descriptors that travel along; what is in it
 * others check.  flags: as of sendmsg(2) and recvmsg(2).
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

enum { MESSAGE_FDS = 8 };

int message_send(int socket, const void *data, size_t size, const int *fds, size_t count,
		 int flags);

/*
 * Its size, 0 when the other side has gone, or -errno; -EPROTO when it does not fit.  *count
 * descriptors in fds, which are the caller's; none unless the size is positive.
 */
ssize_t message_receive(int socket, void *data, size_t size, int fds[MESSAGE_FDS], size_t *count,
			int flags);

void message_close_fds(const int *fds, size_t count);
