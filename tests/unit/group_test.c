/* SPDX-License-Identifier: Apache-2.0 */
/* The wire between a nursery and the warden, and the nursery's end of it. */
#include "agent/wire/group.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/sandbox/group_client.h"
#include "tests/lib/test.h"

static struct group_request good(enum group_wish wish)
{
	return (struct group_request){ .magic = GROUP_MAGIC,
				       .version = GROUP_WIRE_VERSION,
				       .wish = (uint16_t)wish,
				       .serial = 7,
				       .id = 1 };
}

static int pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int a_wish_arrives_as_it_was_sent(void)
{
	struct group_request sent = good(GROUP_LIMIT), got;
	int ends[2], pidfd = -2;

	sent.limits.memory_bytes = 1 << 26;
	CHECK(pair(ends) == 0);
	CHECK(group_receive_request(ends[1], &got, &pidfd) == -EAGAIN);
	CHECK(group_send_request(ends[0], &sent, -1) == 0);
	CHECK(group_receive_request(ends[1], &got, &pidfd) == 0 && pidfd == -1);
	CHECK(memcmp(&sent, &got, sizeof(got)) == 0);
	close(ends[0]);
	CHECK(group_receive_request(ends[1], &got, &pidfd) == -EPIPE);
	close(ends[1]);
	return 0;
}

static int what_is_no_wish_is_refused(void)
{
	struct group_request r = good(GROUP_USE), bad, got;

	CHECK(group_check_request(&r, sizeof(r), &got) == 0);
	CHECK(group_check_request(&r, sizeof(r) - 1, &got) == -EPROTO);
	bad = r;
	bad.magic++;
	CHECK(group_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad = r;
	bad.version++;
	CHECK(group_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad = r;
	bad.wish = _GROUP_WISH_MAX;
	CHECK(group_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad.wish = 0;
	CHECK(group_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	return 0;
}

static int open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int a_descriptor_comes_with_one_wish_only(void)
{
	const struct group_request put = good(GROUP_PUT), use = good(GROUP_USE);
	struct group_request got;
	int ends[2], pidfd = -1, before;

	CHECK(pair(ends) == 0);
	before = open_files();
	CHECK(group_send_request(ends[0], &put, ends[0]) == 0);
	CHECK(group_receive_request(ends[1], &got, &pidfd) == 0);
	CHECK(pidfd >= 0 && fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	close(pidfd);
	CHECK(group_send_request(ends[0], &put, -1) == 0);
	CHECK(group_receive_request(ends[1], &got, &pidfd) == -EPROTO);
	CHECK(group_send_request(ends[0], &use, ends[0]) == 0);
	CHECK(group_receive_request(ends[1], &got, &pidfd) == -EPROTO);
	CHECK(open_files() == before);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static int limits_out_of_sense_are_told(void)
{
	struct group_limits l = { .memory_bytes = 1 << 26, .cpu_thousandths = 500, .processes = 9 };

	CHECK(group_check_limits(&l) == 0);
	l.cpu_thousandths = 1; /* less than the kernel takes */
	CHECK(group_check_limits(&l) == -EINVAL);
	l.cpu_thousandths = 0;
	CHECK(group_check_limits(&l) == 0);
	l.swap_bytes = UINT64_MAX; /* the sum of both would wrap */
	CHECK(group_check_limits(&l) == -EINVAL);
	l.swap_bytes = 0;
	l.reads = 1ull << 32;
	CHECK(group_check_limits(&l) == -EINVAL);
	return 0;
}

static int answer(int socket, enum group_wish wish, uint32_t serial, int error, uint32_t id)
{
	const struct group_reply reply = { .magic = GROUP_MAGIC,
					   .version = GROUP_WIRE_VERSION,
					   .wish = (uint16_t)wish,
					   .serial = serial,
					   .id = id,
					   .error = error };

	return group_send_reply(socket, &reply);
}

/* The answers lie there already: the asker need not wait for a second thread. */
static int the_answer_is_that_to_the_question(void)
{
	const struct group_limits none = { 0 };
	struct group_client client = { 0 };
	struct group_usage used;
	uint32_t id = 0;
	int ends[2];

	CHECK(pair(ends) == 0);
	client.socket = ends[0];
	CHECK(answer(ends[1], GROUP_USE, 0, 0, 3) == 0); /* of before, too late */
	CHECK(answer(ends[1], GROUP_NEW, 1, 0, 4) == 0);
	CHECK(group_ask_new(&client, &none, &id) == 0 && id == 4);
	CHECK(answer(ends[1], GROUP_RESET, 2, -EBUSY, 4) == 0);
	CHECK(group_ask_reset(&client, 4) == -EBUSY);
	CHECK(answer(ends[1], GROUP_RESET, 3, 0, 4) == 0);
	CHECK(group_ask_use(&client, 4, &used) == -EPROTO);
	close(ends[1]);
	CHECK(group_ask_free(&client, 4) == -EPIPE);
	close(ends[0]);
	return 0;
}

TEST_MAIN({ "a wish arrives as it was sent", a_wish_arrives_as_it_was_sent },
	  { "what is no wish is refused", what_is_no_wish_is_refused },
	  { "a descriptor comes with one wish only", a_descriptor_comes_with_one_wish_only },
	  { "limits out of sense are told", limits_out_of_sense_are_told },
	  { "the answer is that to the question", the_answer_is_that_to_the_question })
