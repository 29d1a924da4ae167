/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refuse NAME COMMAND…: runs a command for which the kernel refuses, with EPERM, to load each BPF
 * program whose name begins with NAME, and nothing else.  A filter of system calls hands every
 * bpf(2) to us, where we look at what is to be loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(125);
}

static void send_fd(int socket, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = space,
			    .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(socket, &m, 0) != 1)
		die("sendmsg");
}

static int receive_fd(int socket)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = space,
			    .msg_controllen = sizeof(space) };
	int fd;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&m))
		die("the command has no filter");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static _Noreturn void run(int socket, char **command)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int fd;

	if (!filter || seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(bpf), 0) ||
	    seccomp_load(filter))
		die("seccomp");
	fd = seccomp_notify_fd(filter);
	send_fd(socket, fd);
	close(fd); /* the only ones left are those who make the calls */
	close(socket);
	execvp(command[0], command);
	die(command[0]);
}

static bool is_refused(const struct seccomp_notif *call, const char *name)
{
	union bpf_attr attr = { 0 };
	char path[64];
	ssize_t n;
	int fd;

	if (call->data.args[0] != BPF_PROG_LOAD)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)call->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, &attr, sizeof(attr), (off_t)call->data.args[1]);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		die(path);
	return !strncmp(attr.prog_name, name, strnlen(name, sizeof(attr.prog_name) - 1));
}

/* Until we are killed. */
static _Noreturn void supervise(int fd, const char *name)
{
	struct seccomp_notif *call;
	struct seccomp_notif_resp *answer;

	if (seccomp_notify_alloc(&call, &answer))
		die("seccomp_notify_alloc");
	for (;;) {
		memset(call, 0, sizeof(*call));
		if (seccomp_notify_receive(fd, call)) /* who called has ended meanwhile */
			continue;
		*answer = (struct seccomp_notif_resp){ .id = call->id };
		if (is_refused(call, name))
			answer->error = -EPERM;
		else
			answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		seccomp_notify_respond(fd,
				       answer); /* a caller who ended meanwhile waits for none */
	}
}

static pid_t child;

static void pass_on(int number)
{
	kill(child, number);
}

int main(int argc, char **argv)
{
	int ends[2], status, fd;
	pid_t helper;

	if (argc < 3) {
		fprintf(stderr, "usage: refuse NAME COMMAND...\n");
		return 2;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		die("socketpair");
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(ends[1], argv + 2);
	}
	close(ends[1]);
	fd = receive_fd(ends[0]);
	helper = fork();
	if (!helper) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		supervise(fd, argv[1]);
	}
	signal(SIGTERM, pass_on);
	signal(SIGHUP, pass_on);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	kill(helper, SIGKILL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
