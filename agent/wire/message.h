/* SPDX-License-Identifier: Apache-2.0 */
/* message: one message with its descriptors, on a SOCK_SEQPACKET; what is in it others check. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

enum { MESSAGE_FDS = 8 };

/* flags as of sendmsg(2); 0 or -errno, -EPIPE when the other side is gone. */
int message_send(int socket, const void *data, size_t size, const int *fds, size_t count,
		 int flags);

/*
 * Returns the size of the message, 0 when the other side is gone, or -errno; -EPROTO when it or
 * its descriptors were more than fits.  Whatever is returned, *count descriptors are the caller's.
 */
ssize_t message_receive(int socket, void *data, size_t size, int fds[MESSAGE_FDS], size_t *count,
			int flags);

void message_close_all(const int *fds, size_t count);
