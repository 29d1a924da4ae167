/* SPDX-License-Identifier: Apache-2.0 */
/* What neighbours may share without a file in common, and what they may learn by one. */
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

static int shared_memory(void)
{
	return done(shmget(NEIGHBOUR_KEY, 0, 0));
}

static int semaphores(void)
{
	return done(semget(NEIGHBOUR_KEY, 0, 0));
}

static int messages(void)
{
	return done(msgget(NEIGHBOUR_KEY, 0));
}

static int queue(void)
{
	return done(mq_open("/" NAME, O_RDWR));
}

static int see_tables(void)
{
	char text[4096];
	int lines = 0, n = read_text("/proc/sysvipc/shm", text, sizeof(text));

	for (int i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines > 1 ? 0 : -ENOENT;
}

/* The neighbour opens that file again and again: who else does, one is not to learn. */
static int watch_opens(void)
{
	struct pollfd watch = { .fd = inotify_init1(IN_CLOEXEC), .events = POLLIN };

	if (watch.fd < 0 || inotify_add_watch(watch.fd, PREPARED "/watched", IN_OPEN) < 0)
		return -errno;
	return poll(&watch, 1, 1000) > 0 ? 0 : -ETIMEDOUT;
}

/* The older way to watch, of a folder: a signal comes. */
static int watch_folder(void)
{
	const struct timespec second = { .tv_sec = 1 };
	int fd = open(PREPARED, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (fd < 0 || fcntl(fd, F_NOTIFY, DN_ACCESS | DN_MULTISHOT))
		return -errno;
	return sigtimedwait(&set, NULL, &second) == SIGIO ? 0 : -ETIMEDOUT;
}

static int lease(void)
{
	int fd = open(PREPARED "/open", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : done(fcntl(fd, F_SETLEASE, F_RDLCK));
}

static int big_pipe(void)
{
	int ends[2];

	return pipe(ends) ? -errno : done(fcntl(ends[0], F_SETPIPE_SZ, 4 << 20));
}

const struct trick ipc_tricks[] = {
	{ "shm", "finds another's System V memory", "IPC namespace; strict: seccomp", "ipc", NULL,
	  shared_memory },
	{ "sem", "finds another's System V semaphores", "IPC namespace; strict: seccomp", "ipc",
	  NULL, semaphores },
	{ "msg", "finds another's System V queue", "IPC namespace; strict: seccomp", "ipc", NULL,
	  messages },
	{ "mqueue", "opens another's POSIX queue", "IPC namespace; strict: seccomp", "ipc,fence",
	  NULL, queue },
	{ "ipc-tables", "lists what others have", "IPC namespace", "ipc", NULL, see_tables },
	{ "inotify", "learns of who else opens a file of /usr", "seccomp", "filter", NULL,
	  watch_opens },
	{ "dnotify", "learns of who else reads a folder of /usr", "seccomp", "filter", NULL,
	  watch_folder },
	{ "lease", "makes others wait who open a file of /usr for writing",
	  "the owner is another, capabilities", "caps,user", NULL, lease },
	{ "pipe-size", "makes a pipe larger than the system's limit",
	  "capabilities, user namespace", "caps,user", NULL, big_pipe },
	{ 0 },
};
