/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent that was taken over may send to the warden, and the answers back. */
#include "agent/wire/wire.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int ends[2] = { -1, -1 };
	struct wire_request request;
	struct wire_reply reply;
	int fds[WIRE_FDS];

	if (!wire_check_request(data, size, &request) &&
	    (strlen(request.socket) >= sizeof(request.socket) || request.kind >= _WIRE_KIND_MAX ||
	     request.subject >= _WIRE_SUBJECT_MAX || request.file >= _WIRE_FILE_MAX))
		abort(); /* passed on, though off the table */
	if (ends[0] < 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
		abort();
	if (!size || send(ends[0], data, size, MSG_DONTWAIT) != (ssize_t)size)
		return 0;
	if (!wire_receive_reply(ends[1], &reply, fds) &&
	    (reply.fds || strlen(reply.text) >= sizeof(reply.text)))
		abort(); /* promised descriptors that never came, or a text without an end */
	return 0;
}
