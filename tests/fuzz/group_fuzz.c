/* SPDX-License-Identifier: Apache-2.0 */
/* What a nursery that was taken over may send to the warden, and the answers back. */
#include "agent/wire/group.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int send_it(int ends[2], const uint8_t *data, size_t size)
{
	if (ends[0] < 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
		abort();
	return size && send(ends[0], data, size, MSG_DONTWAIT) == (ssize_t)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int asked[2] = { -1, -1 }, answered[2] = { -1, -1 };
	struct group_request request = { 0 };
	struct group_reply reply;
	int pidfd = -1;

	if (!group_check_request(data, size, &request) &&
	    (request.wish < GROUP_NEW || request.wish >= _GROUP_WISH_MAX))
		abort(); /* passed on, though off the table */
	if (send_it(asked, data, size)) {
		if (!group_receive_request(asked[1], &request, &pidfd) &&
		    (pidfd >= 0 || request.wish == GROUP_PUT))
			abort(); /* it brought nothing */
		if (!group_check_limits(&request.limits) &&
		    (request.limits.memory_bytes > GROUP_MOST_BYTES ||
		     request.limits.cpu_thousandths > GROUP_MOST_CPU))
			abort();
	}
	if (send_it(answered, data, size))
		(void)group_receive_reply(answered[1], &reply);
	return 0;
}
