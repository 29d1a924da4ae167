/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"

struct run {
	pid_t pid;
	int pidfd;
	int out[2], err[2]; /* pipes */
	size_t out_length, err_length;
	uint64_t began;
};

static void run_done(struct run *r)
{
	closep(&r->pidfd);
	for (int i = 0; i < 2; i++) {
		closep(&r->out[i]);
		closep(&r->err[i]);
	}
}

/* A group of its own: Ctrl-C is for us, who stop when this one is through. */
static int start(struct run *r, char *const *argv)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int error;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, r->out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, r->err[1], STDERR_FILENO);
	r->began = clock_mono_ns();
	error = posix_spawn(&r->pid, argv[0], &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -error;
}

/* What does not fit is read all the same: who writes must not wait for it. */
static ssize_t take(int fd, char *text, size_t size, size_t *length)
{
	char past[4096];
	size_t room = size - 1 - *length;
	ssize_t n = read(fd, room ? text + *length : past, room ? room : sizeof(past));

	if (n > 0 && room)
		*length += (size_t)n;
	return n;
}

static void take_out(struct run *r, struct spawned *ret)
{
	uint64_t now = clock_mono_ns();

	if (take(r->out[0], ret->out, sizeof(ret->out), &r->out_length) > 0 && !ret->first_ns)
		ret->first_ns = now - r->began;
}

static bool is_over(struct pollfd *fd)
{
	if ((fd->revents & (POLLHUP | POLLIN)) == POLLHUP)
		fd->fd = -1;
	return fd->fd < 0;
}

static int watch(struct run *r, struct spawned *ret, uint64_t patience_ns)
{
	struct pollfd fds[] = { { .fd = r->out[0], .events = POLLIN },
				{ .fd = r->err[0], .events = POLLIN },
				{ .fd = r->pidfd, .events = POLLIN } };

	for (;;) {
		uint64_t now = clock_mono_ns(), end = r->began + patience_ns;
		uint64_t left = end > now ? (end - now) / NS_PER_MSEC + 1 : 0;

		if (!left)
			return -ETIMEDOUT;
		(void)poll(fds, 3, left > 60000 ? 60000 : (int)left);
		if (!is_over(&fds[0]) && fds[0].revents)
			take_out(r, ret);
		if (!is_over(&fds[1]) && fds[1].revents)
			(void)take(r->err[0], ret->err, sizeof(ret->err), &r->err_length);
		if (!fds[2].revents)
			continue;
		ret->whole_ns = clock_mono_ns() - r->began;
		return 0;
	}
}

/* What it wrote last may be read after its end; a child that it left may still hold the pipes. */
static void drain(struct run *r, struct spawned *ret)
{
	fcntl(r->out[0], F_SETFL, O_NONBLOCK);
	fcntl(r->err[0], F_SETFL, O_NONBLOCK);
	for (ssize_t n = 1; n > 0;) {
		n = take(r->out[0], ret->out, sizeof(ret->out), &r->out_length);
		if (n > 0 && !ret->first_ns)
			ret->first_ns = ret->whole_ns;
	}
	while (take(r->err[0], ret->err, sizeof(ret->err), &r->err_length) > 0)
		;
	ret->out[r->out_length] = ret->err[r->err_length] = '\0';
}

int spawn_run(struct spawned *ret, char *const *argv, uint64_t patience_ns)
{
	CLEANUP(run_done) struct run r = { .pidfd = -1, .out = { -1, -1 }, .err = { -1, -1 } };
	int error;

	*ret = (struct spawned){ 0 };
	if (pipe2(r.out, O_CLOEXEC) || pipe2(r.err, O_CLOEXEC))
		return -errno;
	error = start(&r, argv);
	if (error)
		return error;
	closep(&r.out[1]);
	closep(&r.err[1]);
	r.out[1] = r.err[1] = -1;
	r.pidfd = pidfd_open(r.pid, 0);
	error = r.pidfd < 0 ? -errno : watch(&r, ret, patience_ns);
	if (error)
		kill(-r.pid, SIGKILL);
	while (waitpid(r.pid, &ret->status, 0) < 0 && errno == EINTR)
		;
	drain(&r, ret);
	return error;
}
