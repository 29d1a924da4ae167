/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/filter.h"
#include "agent/sandbox/graft/graft.h"
#include "agent/sandbox/rights.h"
#include "agent/sandbox/room.h"
#include "agent/sandbox/spec.h"
#include "agent/sandbox/steps.h"
#include "agent/wire/graft.h"
#include "agent/wire/message.h"

enum { WORDS = 64, IMPORT_MS = 60000, FORK_MS = 10000 };

/* --- in the new process --- */

static int place(int control)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	int from[] = { nowhere,
		       nowhere,
		       nowhere,
		       control,
		       graft_open(GRAFT_LIBRARY),
		       graft_open(GRAFT_PYTHON) };
	int count = sizeof(from) / sizeof(from[0]);

	for (int i = 0; i < count; i++) {
		from[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, count);
		if (from[i] < 0)
			return -errno;
	}
	for (int i = 0; i < count; i++)
		if (dup2(from[i], i) < 0)
			return -errno;
	return close_range((unsigned int)count, ~0u, 0) ? -errno : 0;
}

static void split(char *text, char **words, size_t count)
{
	char *rest, *word = strtok_r(text, " ", &rest);

	for (; word && count-- > 1; word = strtok_r(NULL, " ", &rest))
		*words++ = word;
	*words = NULL;
}

static int confine(struct build *b)
{
	const struct filter_program *filter = filter_of(FILTER_ZYGOTE);
	int r = filter ? 0 : -errno;

	if (!r && unshare(CLONE_NEWNS))
		r = -errno;
	if (!r)
		r = room_build(b);
	if (!r)
		r = rights_drop();
	if (!r)
		r = rights_limit(b->spec);
	if (!r && chdir("/tmp"))
		r = -errno;
	return r ? r : filter_load(filter);
}

static void run(struct build *b, int control, const char *imports) __attribute__((noreturn));
static void run(struct build *b, int control, const char *imports)
{
	char *env[] = { (char *)"PATH=/usr/local/bin:/usr/bin:/bin",
			(char *)"LC_ALL=C.UTF-8",
			(char *)"HOME=/tmp",
			(char *)GRAFT_PRELOAD,
			(char *)GRAFT_ZYGOTE,
			NULL };
	static const char *const places[] = { "/usr/local/bin/python3", "/usr/bin/python3",
					      "/bin/python3" };
	char *argv[WORDS + 2] = { (char *)"python3", (char *)"/proc/self/fd/5" };
	char *words = strdup(imports);
	sigset_t none;

	if (!words || place(control) || confine(b))
		_exit(125);
	split(words, argv + 2, WORDS);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		execve(places[i], argv, env);
	_exit(127);
}

/* --- in the nursery --- */

static int hear(const struct zygote *z, int timeout_ms, struct graft_answer *ret)
{
	struct pollfd ready = { .fd = z->control, .events = POLLIN };
	int fds[MESSAGE_FDS], r;
	size_t count;
	ssize_t n;

	do
		r = poll(&ready, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r ? -errno : -ETIMEDOUT;
	n = message_receive(z->control, ret, sizeof(*ret), fds, &count, 0);
	if (n > 0)
		message_close_fds(fds, count);
	if (n <= 0)
		return n ? (int)n : -EPIPE;
	if (n != sizeof(*ret) || ret->magic != GRAFT_MAGIC || ret->version != GRAFT_VERSION)
		return -EPROTO;
	ret->what[sizeof(ret->what) - 1] = '\0';
	return 0;
}

static int send_filter(const struct zygote *z, const struct filter_program *filter)
{
	size_t size = sizeof(struct graft_setup) + filter->length * sizeof(*filter->code);
	CLEANUP(freep) char *message = malloc(size);
	const struct graft_setup setup = { .magic = GRAFT_MAGIC,
					   .version = GRAFT_VERSION,
					   .instructions = filter->length };

	if (!message)
		return -ENOMEM;
	memcpy(message, &setup, sizeof(setup));
	memcpy(message + sizeof(setup), filter->code, filter->length * sizeof(*filter->code));
	return message_send(z->control, message, size, NULL, 0, 0);
}

int zygote_start(struct zygote *ret, struct build *b, const char *imports, const char **what)
{
	static struct graft_answer answer;
	struct zygote z;
	int ends[2], r;

	step_at(b, STEP_ZYGOTE, NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	z.control = ends[0];
	z.pid = fork();
	if (z.pid == 0)
		run(b, ends[1], imports);
	r = z.pid < 0 ? -errno : 0;
	close(ends[1]);
	if (!r)
		r = send_filter(&z, b->filter);
	if (!r || r == -EPIPE) /* it may be gone, and have said why */
		r = hear(&z, IMPORT_MS, &answer);
	if (!r && answer.state != GRAFT_READY) {
		r = -ENOEXEC;
		*what = answer.what;
	}
	if (r)
		close(z.control);
	else
		*ret = z;
	return r;
}

pid_t zygote_fork(const struct zygote *z, struct build *b, int stub, int socket, int fence)
{
	const int fds[GRAFT_FDS] = {
		[GRAFT_STUB] = stub, [GRAFT_JOB] = socket, [GRAFT_FENCE] = fence
	};
	const struct graft_request request = { .magic = GRAFT_MAGIC,
					       .version = GRAFT_VERSION,
					       .fds = fence < 0 ? GRAFT_FDS - 1 : GRAFT_FDS };
	struct graft_answer answer;
	int r;

	step_at(b, STEP_ZYGOTE, NULL);
	r = message_send(z->control, &request, sizeof(request), fds, request.fds, 0);
	if (!r)
		r = hear(z, FORK_MS, &answer);
	if (r)
		return r;
	if (answer.state != GRAFT_FORKED || !answer.pid)
		return -EPROTO;
	if (answer.pid < 0 && answer.step >= 0 && answer.step < _STEP_MAX)
		step_at(b, (enum sandbox_step)answer.step, NULL);
	return answer.pid;
}
