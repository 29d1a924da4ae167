/* SPDX-License-Identifier: Apache-2.0 */
/* A neighbour that has one of everything that could be shared by mistake, open to everybody. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

static int named(int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(NAME));
	int fd = socket(AF_UNIX, type, 0);

	memcpy(at.sun_path + 1, NAME, sizeof(NAME) - 1);
	if (bind(fd, (const struct sockaddr *)&at, length))
		return -errno;
	return type == SOCK_STREAM ? done(listen(fd, 64)) : 0;
}

static int on_loopback(int type)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(NEIGHBOUR_PORT),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0);

	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		return -errno;
	return type == SOCK_STREAM ? done(listen(fd, 64)) : 0;
}

static int files(void)
{
	static const char *const paths[] = { "/tmp/" NAME, "/dev/shm/" NAME };

	int r = 0;

	for (size_t i = 0; i < 2 && !r; i++) {
		int fd = open(paths[i], O_WRONLY | O_CREAT, 0666);

		r = fd < 0 ? -errno : done(close(fd));
	}
	return r;
}

static int say(const char *what, int r)
{
	if (r)
		fprintf(stderr, "neighbour: %s: %s\n", what, strerror(-r));
	return r;
}

/* Landlock, where it is, lets a job have none of its own either. */
static int own_queue(void)
{
	struct mq_attr small = { .mq_maxmsg = 1, .mq_msgsize = 64 }; /* a job's limit is low */
	int r = done(mq_open("/" NAME, O_RDWR | O_CREAT, 0666, &small));

	return r == -EACCES ? 0 : r;
}

static int everything(void)
{
	umask(0);
	return say("abstract stream", named(SOCK_STREAM)) ||
	       say("abstract datagrams", named(SOCK_DGRAM)) ||
	       say("listener", on_loopback(SOCK_STREAM)) || say("port", on_loopback(SOCK_DGRAM)) ||
	       say("files", files()) ||
	       say("memory", done(shmget(NEIGHBOUR_KEY, 4096, IPC_CREAT | 0666))) ||
	       say("semaphores", done(semget(NEIGHBOUR_KEY, 1, IPC_CREAT | 0666))) ||
	       say("messages", done(msgget(NEIGHBOUR_KEY, IPC_CREAT | 0666))) ||
	       say("queue", own_queue());
}

/* Opens what tricks watch, until it is ended. */
int neighbour(void)
{
	if (everything())
		return 1;
	puts("ready");
	fflush(stdout);
	for (;; usleep(20000)) {
		DIR *dir = opendir(PREPARED);

		close(open(PREPARED "/watched", O_RDONLY));
		while (dir && readdir(dir))
			;
		if (dir)
			closedir(dir);
	}
}
