/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/test.h"

static struct wire_request good(void)
{
	return (struct wire_request){
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .kind = WIRE_LOAD, .serial = 7
	};
}

static int unused[WIRE_NURSERY_FDS];

static int pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int a_request_arrives_as_it_was_sent(void)
{
	struct wire_request sent = good(), got;
	int ends[2];

	CHECK(pair(ends) == 0);
	CHECK(wire_send_request(ends[0], &sent, NULL, 0) == 0);
	CHECK(wire_receive_request(ends[1], &got, unused) == 0);
	CHECK(memcmp(&sent, &got, sizeof(got)) == 0);
	close(ends[0]);
	CHECK(wire_receive_request(ends[1], &got, unused) == -EPIPE);
	close(ends[1]);
	return 0;
}

static int a_request_off_the_table_is_refused(void)
{
	struct wire_request r, bad, got;

	r = good();
	CHECK(wire_check_request(&r, sizeof(r), &got) == 0);
	CHECK(wire_check_request(&r, sizeof(r) - 1, &got) == -EPROTO);
	bad = r;
	bad.magic++;
	CHECK(wire_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad = r;
	bad.version++;
	CHECK(wire_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad = r;
	bad.kind = _WIRE_KIND_MAX;
	CHECK(wire_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad = r;
	bad.subject = _WIRE_SUBJECT_MAX;
	CHECK(wire_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad = r;
	bad.file = _WIRE_FILE_MAX;
	CHECK(wire_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad = r;
	memset(bad.socket, 'a', sizeof(bad.socket)); /* no end */
	CHECK(wire_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	bad = r;
	memset(bad.state_dir, 'a', sizeof(bad.state_dir));
	CHECK(wire_check_request(&bad, sizeof(bad), &got) == -EPROTO);
	return 0;
}

static int descriptors_come_along_with_a_reply(void)
{
	struct wire_reply sent = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .fds = 2 }, got;
	int fds[WIRE_FDS], files[2], ends[2];
	char byte = 0;

	CHECK(pair(ends) == 0 && pipe(files) == 0);
	CHECK(wire_send_reply(ends[0], &sent, files) == 0);
	CHECK(wire_receive_reply(ends[1], &got, fds) == 0 && got.fds == 2);
	CHECK(write(fds[1], "x", 1) == 1 && read(files[0], &byte, 1) == 1 && byte == 'x');
	CHECK(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(files[i]);
		close(ends[i]);
	}
	return 0;
}

static int open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int descriptors_that_nobody_asked_for_are_closed(void)
{
	struct wire_reply lie = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .fds = 1 }, got;
	int fds[WIRE_FDS], ends[2], before;

	CHECK(pair(ends) == 0);
	lie.magic++;
	CHECK(wire_send_reply(ends[0], &lie, (int[]){ ends[0] }) == 0);
	before = open_files();
	CHECK(wire_receive_reply(ends[1], &got, fds) == -EPROTO);
	CHECK(open_files() == before);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

TEST_MAIN({ "a request arrives as it was sent", a_request_arrives_as_it_was_sent },
	  { "a request off the table is refused", a_request_off_the_table_is_refused },
	  { "descriptors come along with a reply", descriptors_come_along_with_a_reply },
	  { "descriptors that nobody asked for are closed",
	    descriptors_that_nobody_asked_for_are_closed }, )
