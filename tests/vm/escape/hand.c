/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a command with a certain kind of stdin, and with what must not reach a job: a key in
 * the session, a descriptor, a variable.  The other end stays open here while it runs.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

static int terminal(void)
{
	int master, slave;

	return openpty(&master, &slave, NULL, NULL, NULL) ? -1 : slave;
}

static int one_of_pair(int type)
{
	int ends[2];

	return socketpair(AF_UNIX, type, 0, ends) ? -1 : ends[0];
}

static int connection(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in at;
	socklen_t length = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (const struct sockaddr *)&any, sizeof(any)) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &length) ||
	    connect(fd, (const struct sockaddr *)&at, length))
		return -1;
	return fd;
}

static int open_kind(const char *kind)
{
	if (!strcmp(kind, "none"))
		return open("/dev/null", O_RDONLY);
	if (!strcmp(kind, "file"))
		return open("/tmp/escape/handed", O_RDONLY);
	if (!strcmp(kind, "folder"))
		return open("/tmp/escape", O_RDONLY | O_DIRECTORY);
	if (!strcmp(kind, "tty"))
		return terminal();
	if (!strcmp(kind, "stream"))
		return one_of_pair(SOCK_STREAM);
	if (!strcmp(kind, "dgram"))
		return one_of_pair(SOCK_DGRAM);
	if (!strcmp(kind, "tcp"))
		return connection();
	return !strcmp(kind, "udp") ? socket(AF_INET, SOCK_DGRAM, 0) : -1;
}

/* In a session of its own, as the key goes with all that comes from here. */
static int leave_key(void)
{
	return syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL) < 0 ||
			       syscall(SYS_add_key, "user", NAME, "secret", 6, -3) < 0
		       ? -errno
		       : 0;
}

int hand(const char *kind, char **argv)
{
	int status, fd = open_kind(kind);
	pid_t pid;

	if (fd < 0 || leave_key() || setenv("FAIRLEAD_NEIGHBOUR", "secret", 1)) {
		perror(kind);
		return 2;
	}
	pid = fork();
	if (pid == 0) {
		dup2(fd, 0);
		dup2(0, 9);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
