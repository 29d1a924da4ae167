/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's end of the wire, with a warden that answers late, or not at all. */
#include "agent/warden/warden.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/wire/wire.h"
#include "tests/lib/test.h"

static int begin(struct warden *w, int *other)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	*w = (struct warden){ .socket = ends[0], .pid = -1 };
	*other = ends[1];
	return 0;
}

/* Answers the next question of the agent's. */
static int answer(int other, uint64_t missed)
{
	struct wire_reply reply = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION,
				    .missed = missed };
	struct wire_request ask;

	if (wire_receive_request(other, &ask, (int[WIRE_NURSERY_FDS]){ 0 }))
		return -EPROTO;
	reply.kind = ask.kind;
	reply.serial = ask.serial;
	return wire_send_reply(other, &reply, NULL);
}

static int what_was_posted_is_collected_when_it_is_there(void)
{
	struct wire_request ask = { .kind = WIRE_MISSED };
	struct wire_reply reply;
	struct warden w;
	int other = -1;

	CHECK(begin(&w, &other) == 0);
	CHECK(warden_collect(&w, &reply) == -EAGAIN);
	CHECK(warden_post(&w, &ask) == 0);
	CHECK(warden_collect(&w, &reply) == -EAGAIN);
	CHECK(warden_post(&w, &ask) == -EBUSY);
	CHECK(answer(other, 7) == 0);
	CHECK(warden_collect(&w, &reply) == 0 && reply.missed == 7);
	CHECK(warden_post(&w, &ask) == 0);
	close(other);
	CHECK(warden_collect(&w, &reply) == -EPIPE);
	close(w.socket);
	return 0;
}

static int a_late_answer_is_not_taken_for_another(void)
{
	struct wire_request late = { .kind = WIRE_MISSED }, ask = { .kind = WIRE_HELLO };
	struct wire_reply reply;
	int other = -1, fds[WIRE_FDS];
	struct warden w;

	CHECK(begin(&w, &other) == 0);
	CHECK(warden_post(&w, &late) == 0);
	CHECK(answer(other, 7) == 0);
	/* The answer to the next question lies there already, behind the one that was posted. */
	CHECK(wire_send_reply(other,
			      &(struct wire_reply){ .magic = WIRE_MAGIC,
						    .version = WIRE_VERSION,
						    .kind = WIRE_HELLO,
						    .serial = late.serial + 1,
						    .capabilities = 3 },
			      NULL) == 0);
	CHECK(warden_ask(&w, &ask, &reply, fds) == 0 && reply.capabilities == 3);
	CHECK(warden_collect(&w, &reply) == -EAGAIN);
	CHECK(warden_post(&w, &late) == 0);
	close(other);
	close(w.socket);
	return 0;
}

TEST_MAIN({ "what was posted is collected when it is there, and waited for by nobody",
	    what_was_posted_is_collected_when_it_is_there },
	  { "a late answer is not taken for one to another question",
	    a_late_answer_is_not_taken_for_another }, )
