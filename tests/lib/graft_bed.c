/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graft_bed: a nursery that does nothing but what agent/sandbox/graft needs, for its tests:
 *   graft_bed DESCRIPTOR python|node|java [IMPORT...]
 * takes commands on the descriptor, a SOCK_SEQPACKET, and answers each there with a line of text:
 *   slot        "slot PID", with its job socket and a pidfd of the process that the job runs in;
 *               before it for python, once, "ready" or "unusable WHY", from the zygote
 *   wait PID    "ended STATUS", as of wait(2), once that process is gone
 * All that it started goes with it.  Needs root; the slots' root is the host's own /usr.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sandbox/filter.h"
#include "agent/sandbox/graft/graft.h"
#include "agent/wire/graft.h"

enum { TEST = 30, INSIDE = 1000, HIGH = 20 };
enum {
	ALL = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC |
	      CLONE_NEWCGROUP
};

static const char *runtime;
static int control = -1; /* to the zygote */

static long must(long r, const char *what)
{
	if (r < 0) {
		perror(what);
		_exit(1);
	}
	return r;
}

static void write_text(const char *path, const char *text)
{
	int fd = (int)must(open(path, O_WRONLY), path);

	must(write(fd, text, strlen(text)), path);
	close(fd);
}

/* One user, who we are outside: the kernel lets us say so ourselves. */
static void become_inside(unsigned int outside)
{
	char map[32];

	must(prctl(PR_SET_DUMPABLE, 1), "dumpable");
	snprintf(map, sizeof(map), "%d %u 1", INSIDE, outside);
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", map);
	write_text("/proc/self/gid_map", map);
}

static void drop_rights(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { 0 };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	must(syscall(SYS_capset, &header, none), "capset");
	must(prctl(PR_SET_DUMPABLE, 1), "dumpable");
}

static void show(const char *name)
{
	char from[64], to[64], target[256];
	struct stat is;
	ssize_t n;

	snprintf(from, sizeof(from), "/%s", name);
	snprintf(to, sizeof(to), "/mnt/%s", name);
	if (lstat(from, &is))
		return;
	if (S_ISLNK(is.st_mode)) {
		n = must(readlink(from, target, sizeof(target) - 1), from);
		target[n] = '\0';
		must(symlink(target, to), to);
		return;
	}
	must(mkdir(to, 0755), to);
	must(mount(from, to, NULL, MS_BIND | MS_REC, NULL), to);
}

static void make_root(void)
{
	static const char *const shown[] = { "usr",   "bin", "sbin", "lib",
					     "lib64", "etc", "dev",  "proc" };

	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount("root", "/mnt", "tmpfs", 0, NULL), "/mnt");
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		show(shown[i]);
	must(mkdir("/mnt/tmp", 0777), "tmp");
	must(mkdir("/mnt/job", 0755), "job");
	must(chdir("/mnt"), "/mnt");
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount");
	must(chdir("/"), "/");
	must(mount("proc", "/proc", "proc", 0, NULL), "/proc");
}

/* All at their places, out of each other's way before, and nothing else. */
static void place(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		must(dup2(fds[i], HIGH + i), "dup2");
	for (int i = 0; i < count; i++)
		must(dup2(HIGH + i, i), "dup2");
	must((long)close_range((unsigned int)count, ~0u, 0), "close_range");
}

static char **words(const char *const *ours, char *const *more)
{
	static char *all[32];
	int n = 0;

	for (; *ours && n < 20; ours++)
		all[n++] = (char *)*ours;
	for (; *more && n < 31; more++)
		all[n++] = *more;
	all[n] = NULL;
	return all;
}

static void start_interpreter(int third, char *const *imports)
{
	static const char *const python[] = { "/usr/bin/python3", "/proc/self/fd/5", NULL };
	static const char *const node[] = { "/usr/bin/node", "--preserve-symlinks-main",
					    "/proc/self/fd/5", NULL };
	static const char *const java[] = { "/usr/bin/java", GRAFT_JAVA_OPTIONS, "--source=11",
					    "/proc/self/fd/5", NULL };
	char *env[] = { (char *)GRAFT_PRELOAD, (char *)"LC_ALL=C.UTF-8",
			*runtime == 'p' ? (char *)GRAFT_ZYGOTE : NULL, NULL };
	char **argv = words(*runtime == 'p' ? python : *runtime == 'n' ? node : java, imports);
	enum graft_blob script = *runtime == 'p'   ? GRAFT_PYTHON
				 : *runtime == 'n' ? GRAFT_NODE
						   : GRAFT_JAVA;
	const char *other = getenv("GRAFT_INTERPRETER"); /* another of the same language */
	int null = open("/dev/null", O_RDWR);
	int fds[] = { null, null, 2, third, graft_open(GRAFT_LIBRARY), graft_open(script) };

	place(fds, 6);
	execve(other ? other : argv[0], argv, env);
	perror(argv[0]);
	_exit(125);
}

static void say(const char *text, const int *fds, size_t count)
{
	char room[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec part = { (char *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count) {
		m.msg_control = room;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		*CMSG_FIRSTHDR(&m) =
			(struct cmsghdr){ CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fds, count * sizeof(int));
	}
	must(sendmsg(TEST, &m, 0), "answer");
}

static void set_up_zygote(void)
{
	const struct filter_program *filter = filter_of(SANDBOX_DEFAULT);
	struct graft_setup setup = { GRAFT_MAGIC, GRAFT_VERSION, filter->length, 0 };
	struct iovec parts[] = { { &setup, sizeof(setup) },
				 { filter->code, filter->length * sizeof(*filter->code) } };
	struct graft_answer answer = { 0 };
	char line[300];

	(void)signal(SIGPIPE, SIG_IGN); /* it may be gone; why can be read all the same */
	(void)!writev(control, parts, 2);
	(void)signal(SIGPIPE, SIG_DFL);
	must(read(control, &answer, sizeof(answer)), "answer of the zygote");
	snprintf(line, sizeof(line), answer.state == GRAFT_READY ? "ready" : "unusable %s",
		 answer.what);
	say(line, NULL, 0);
}

static void start_zygote(char *const *imports)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
	if (!must(fork(), "fork"))
		start_interpreter(pair[1], imports);
	close(pair[1]);
	control = pair[0];
	set_up_zygote();
}

static void start_ahead(int job, char *const *imports)
{
	must(setsid(), "setsid");
	must(chdir("/job"), "/job");
	must(filter_load(filter_of(SANDBOX_DEFAULT)), "filter");
	start_interpreter(job, imports);
}

/* Process 1 of a slot.  A zygote may look at it for as long as it needs to enter. */
static _Noreturn void stub(int job, int tell, int hear, char *const *imports)
{
	bool forked = *runtime == 'p';
	pid_t command = 0, pid;
	int status = 0;

	become_inside(INSIDE);
	must(mount("job", "/job", "tmpfs", 0, NULL), "/job");
	must(mount("tmp", "/tmp", "tmpfs", 0, NULL), "/tmp");
	must(mount("proc", "/proc", "proc", 0, NULL), "/proc");
	drop_rights();
	if (!forked)
		command = (pid_t)must(fork(), "fork");
	if (!forked && !command)
		start_ahead(job, imports);
	close(job);
	must(write(tell, "", 1), "built");
	must(read(hear, &status, 1), "entered");
	must(prctl(PR_SET_DUMPABLE, 0), "dumpable");
	close(control);
	close(TEST);
	for (status = 0;;) {
		pid = wait(&status);
		if (pid == command && !forked)
			_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		if (pid < 0)
			pause(); /* the slot's process is not our child; it ends with us */
	}
}

/* One that shows: no symbolic link can be made; -1 where the kernel has no landlock. */
static int fence(void)
{
	const uint64_t make_symlink = 1 << 12;

	return (int)syscall(SYS_landlock_create_ruleset, &make_symlink, sizeof(make_symlink), 0);
}

/* The id of the slot's process. */
static int fork_slot(int pidfd, int job)
{
	const int fds[] = { pidfd, job, fence() };
	const unsigned int count = fds[GRAFT_FENCE] < 0 ? GRAFT_FENCE : GRAFT_FDS;
	struct graft_request request = { GRAFT_MAGIC, GRAFT_VERSION, count, 0 };
	char room[CMSG_SPACE(sizeof(fds))] = { 0 };
	struct iovec part = { &request, sizeof(request) };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = room,
			    .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct graft_answer answer = { 0 };

	*CMSG_FIRSTHDR(&m) =
		(struct cmsghdr){ CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fds, count * sizeof(int));
	must(sendmsg(control, &m, 0), "request");
	if (count == GRAFT_FDS)
		close(fds[GRAFT_FENCE]);
	must(read(control, &answer, sizeof(answer)), "answer");
	if (answer.pid < 0)
		fprintf(stderr, "zygote: step %d: %s\n", answer.step, strerror(-answer.pid));
	return answer.pid;
}

static void make_slot(char *const *imports)
{
	int job[2], tell[2], hear[2], give[2];
	char byte, line[32];
	pid_t pid, process;
	int pidfd;

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, job), "socketpair");
	must(pipe2(tell, O_CLOEXEC), "pipe");
	must(pipe2(hear, O_CLOEXEC), "pipe");
	pid = (pid_t)must(syscall(SYS_clone, CLONE_NEWUSER | ALL | SIGCHLD, 0, 0, 0, 0), "clone");
	if (!pid) {
		close(job[0]);
		stub(job[1], tell[1], hear[0], imports);
	}
	must(read(tell[0], &byte, 1), "stub");
	pidfd = (int)must(syscall(SYS_pidfd_open, pid, 0), "pidfd");
	process = *runtime == 'p' ? fork_slot(pidfd, job[1]) : pid;
	must(write(hear[1], "", 1), "stub");
	close(pidfd);
	snprintf(line, sizeof(line), "slot %d", process);
	give[0] = job[0];
	give[1] = process > 0 ? (int)must(syscall(SYS_pidfd_open, process, 0), "pidfd") : -1;
	say(line, give, process > 0 ? 2 : 1);
	for (int i = 0; i < 2; i++) {
		close(job[i]);
		close(tell[i]);
		close(hear[i]);
	}
	if (process > 0)
		close(give[1]);
}

static void await(pid_t pid)
{
	char line[32];
	int status;

	must(waitpid(pid, &status, __WALL), "wait");
	snprintf(line, sizeof(line), "ended %d", status);
	say(line, NULL, 0);
}

static _Noreturn void nursery(char *const *imports)
{
	char command[64];
	ssize_t n;

	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "parent");
	make_root();
	if (*runtime == 'p')
		start_zygote(imports);
	while ((n = read(TEST, command, sizeof(command) - 1)) > 0) {
		command[n] = '\0';
		if (!strncmp(command, "wait ", 5))
			await(atoi(command + 5));
		else
			make_slot(imports);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc < 3)
		return 2;
	must(dup3(atoi(argv[1]), TEST, O_CLOEXEC), "socket");
	close(atoi(argv[1]));
	runtime = argv[2];
	must(setresgid(SANDBOX_HOST_USER, SANDBOX_HOST_USER, SANDBOX_HOST_USER), "group");
	must(setresuid(SANDBOX_HOST_USER, SANDBOX_HOST_USER, SANDBOX_HOST_USER), "user");
	must(prctl(PR_SET_DUMPABLE, 1), "dumpable");
	must(unshare(CLONE_NEWUSER | ALL), "unshare");
	become_inside(SANDBOX_HOST_USER);
	pid = (pid_t)must(fork(), "fork");
	if (!pid)
		nursery(argv + 3);
	close(TEST);
	(void)waitpid(pid, NULL, 0);
	return 0;
}
