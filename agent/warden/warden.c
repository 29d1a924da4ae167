/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's end: start, ask, stop. */
#include "agent/warden/warden.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "agent/base/cleanup.h"
#include "agent/warden/serve.h"
#include "agent/wire/wire.h"

#define ANSWER_TIMEOUT_MS 20000 /* loading under emulation takes seconds; hanging is worse */

int warden_start(struct warden *ret, const struct warden_terms *terms)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int r = -errno;

		close(ends[0]);
		close(ends[1]);
		return r;
	}
	if (pid == 0) {
		close(ends[0]);
		_exit(warden_serve(ends[1], terms));
	}
	close(ends[1]);
	*ret = (struct warden){ .socket = ends[0], .pid = pid };
	return 0;
}

void warden_stop(struct warden *w)
{
	close(w->socket);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int send_numbered(struct warden *w, struct wire_request *request, const int *fds,
			 size_t count)
{
	request->magic = WIRE_MAGIC;
	request->version = WIRE_VERSION;
	request->serial = ++w->serial;
	return wire_send_request(w->socket, request, fds, count);
}

void warden_close_fds(struct wire_reply *reply, const int *fds)
{
	while (reply->fds)
		close(fds[--reply->fds]);
}

/* Waits for the next answer, which may be one that was asked for before. */
static int receive(struct warden *w, int timeout_ms, struct wire_reply *ret, int *fds)
{
	struct pollfd ready = { .fd = w->socket, .events = POLLIN };
	int r;

	do
		r = poll(&ready, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r ? -errno : -ETIMEDOUT;
	r = wire_receive_reply(w->socket, ret, fds);
	if (!r && ret->serial == w->posted)
		w->posted = 0;
	return r;
}

static int ask(struct warden *w, struct wire_request *request, const int *sent, size_t count,
	       struct wire_reply *ret, int *fds)
{
	int r = send_numbered(w, request, sent, count);

	while (!r) {
		r = receive(w, ANSWER_TIMEOUT_MS, ret, fds);
		if (r || ret->serial == request->serial)
			break;
		warden_close_fds(ret, fds); /* it came after its time-out, or after warden_post() */
	}
	if (!r && (ret->kind != request->kind || (ret->fds && ret->error))) {
		warden_close_fds(ret, fds);
		r = -EPROTO;
	}
	return r;
}

int warden_ask(struct warden *w, struct wire_request *request, struct wire_reply *ret, int *fds)
{
	return ask(w, request, NULL, 0, ret, fds);
}

int warden_nurse(struct warden *w, int socket, int terms)
{
	const int sent[WIRE_NURSERY_FDS] = {
		[WIRE_NURSERY_SOCKET] = socket, [WIRE_NURSERY_TERMS] = terms
	};
	struct wire_request request = { .kind = WIRE_NURSERY };
	struct wire_reply reply;
	int fds[WIRE_FDS], r = ask(w, &request, sent, WIRE_NURSERY_FDS, &reply, fds);

	if (!r)
		warden_close_fds(&reply, fds);
	return r ? r : reply.error;
}

int warden_post(struct warden *w, struct wire_request *request)
{
	int r;

	if (w->posted)
		return -EBUSY;
	r = send_numbered(w, request, NULL, 0);
	if (!r)
		w->posted = request->serial;
	return r;
}

int warden_collect(struct warden *w, struct wire_reply *ret)
{
	uint32_t posted = w->posted;
	int fds[WIRE_FDS], r;

	if (!posted)
		return -EAGAIN;
	do {
		r = receive(w, 0, ret, fds);
		if (!r)
			warden_close_fds(ret, fds);
	} while (!r && ret->serial != posted);
	return r == -ETIMEDOUT ? -EAGAIN : r;
}
