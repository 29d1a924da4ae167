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

int warden_ask(struct warden *w, struct wire_request *request, struct wire_reply *ret, int *fds)
{
	struct pollfd ready = { .fd = w->socket, .events = POLLIN };
	int r;

	request->magic = WIRE_MAGIC;
	request->version = WIRE_VERSION;
	request->serial = ++w->serial;
	r = wire_send_request(w->socket, request);
	if (r)
		return r;
	do
		r = poll(&ready, 1, ANSWER_TIMEOUT_MS);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r ? -errno : -ETIMEDOUT;
	r = wire_receive_reply(w->socket, ret, fds);
	if (!r && (ret->serial != request->serial || ret->kind != request->kind ||
		   (ret->fds && ret->error))) {
		/* an answer that came after its time-out, or no answer of ours */
		while (ret->fds)
			close(fds[--ret->fds]);
		r = -EPROTO;
	}
	return r;
}
