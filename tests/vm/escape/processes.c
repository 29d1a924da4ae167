/* SPDX-License-Identifier: Apache-2.0 */
/* Process 1 inside, which is Fairlead's, and whatever other process can be reached. */
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

enum { LAST_PID = 2048 }; /* the neighbours came early */

static int open_of(pid_t pid, const char *file, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int opens_of_stub(const char *file, int flags)
{
	int fd = open_of(beginning.stub, file, flags);

	return fd < 0 ? fd : 0;
}

static int stub_memory(void)
{
	return opens_of_stub("mem", O_RDWR);
}

static int stub_descriptors(void)
{
	return opens_of_stub("fd", O_RDONLY | O_DIRECTORY);
}

static int stub_report(void)
{
	char name[16];
	int r = -ENOENT;

	for (int fd = 3; fd < 64 && r == -ENOENT; fd++) {
		snprintf(name, sizeof(name), "fd/%d", fd);
		r = opens_of_stub(name, O_WRONLY);
	}
	return r;
}

static int stub_root(void)
{
	return opens_of_stub("root/", O_RDONLY);
}

static int stub_program(void)
{
	return opens_of_stub("exe", O_RDONLY);
}

static int stub_environment(void)
{
	int fd = open_of(beginning.stub, "environ", O_RDONLY);
	char byte;

	return fd < 0 ? fd : done(read(fd, &byte, 1));
}

static int stub_command_line(void)
{
	int fd = open_of(beginning.stub, "cmdline", O_RDONLY);
	char byte;

	return fd < 0 ? fd : done(read(fd, &byte, 1));
}

static int stub_maps(void)
{
	int fd = open_of(beginning.stub, "maps", O_RDONLY);
	char byte;

	return fd < 0 ? fd : read(fd, &byte, 1) == 1 ? 0 : -EACCES;
}

/* Its end is ours, as that of every process that a test has attached to. */
static int trace_stub(void)
{
	return done(ptrace(PTRACE_SEIZE, beginning.stub, NULL, NULL));
}

static int trace_neighbour_job(void)
{
	return done(ptrace(PTRACE_SEIZE, beginning.runner, NULL, NULL));
}

static int be_traced(void)
{
	return done(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

/* An address that the process has mapped, by way of our own: read from 0 it is EFAULT at best. */
static int read_stub(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { NULL, 1 };
	int r = done(process_vm_readv(beginning.stub, &here, 1, &there, 1, 0));

	return r == -EFAULT ? 0 : r; /* let in, and nothing at that address */
}

static int write_stub(void)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { NULL, 1 };
	int r = done(process_vm_writev(beginning.stub, &here, 1, &there, 1, 0));

	return r == -EFAULT ? 0 : r;
}

static int take_descriptor(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, beginning.stub, 0);

	return pidfd < 0 ? -errno : done(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

static int advise_stub(void)
{
	struct iovec all = { NULL, 0 };
	int pidfd = (int)syscall(SYS_pidfd_open, beginning.stub, 0);

	return pidfd < 0 ? -errno
			 : done(syscall(SYS_process_madvise, pidfd, &all, 1, MADV_COLD, 0));
}

static int compare_with_stub(void)
{
	return done(syscall(SYS_kcmp, getpid(), beginning.stub, KCMP_FILE, 0, 0));
}

static int move_pages_of_stub(void)
{
	return done(syscall(SYS_move_pages, beginning.stub, 0, NULL, NULL, NULL, 0));
}

static bool is_stopped(pid_t pid)
{
	char path[64], text[2048];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	return read_text(path, text, sizeof(text)) > 0 && strstr(text, "State:\tT");
}

static int stop_stub(void)
{
	bool stopped = false;

	if (kill(beginning.stub, SIGSTOP))
		return -errno;
	for (int i = 0; i < 100 && !stopped; i++, usleep(1000))
		stopped = is_stopped(beginning.stub);
	(void)kill(beginning.stub, SIGCONT);
	return stopped ? 0 : -EPERM;
}

static bool is_ours(pid_t pid)
{
	return pid == beginning.stub || pid == beginning.runner || pid == getpid();
}

static int signal_others(void)
{
	for (pid_t pid = 2; pid < LAST_PID; pid++)
		if (!is_ours(pid) && kill(pid, 0) == 0)
			return 0;
	return -errno;
}

static int open_pidfds(void)
{
	for (pid_t pid = 2; pid < LAST_PID; pid++)
		if (!is_ours(pid) && syscall(SYS_pidfd_open, pid, 0) >= 0)
			return 0;
	return -errno;
}

static int see_others(void)
{
	char path[32];

	for (pid_t pid = 1; pid < LAST_PID; pid++) {
		snprintf(path, sizeof(path), "/proc/%d", (int)pid);
		if (!is_ours(pid) && access(path, F_OK) == 0)
			return 0;
	}
	return -errno;
}

static int see_stub(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)beginning.stub);
	return done(access(path, F_OK));
}

static int keep_descriptors(void)
{
	return beginning.inherited >= 0 ? 0 : -EBADF;
}

static int keep_environment(void)
{
	return getenv("FAIRLEAD_NEIGHBOUR") ? 0 : -ENOENT;
}

static int lock_much(void)
{
	void *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? -errno : done(mlock(at, 1 << 20));
}

const struct trick process_tricks[] = {
	{ "stub-see", "finds process 1 in /proc", "hidepid, not dumpable", "dumpable,proc,fence",
	  NULL, see_stub },
	{ "stub-memory", "opens the memory of process 1", "hidepid, not dumpable, landlock",
	  "dumpable,proc,fence", NULL, stub_memory },
	{ "stub-descriptors", "looks at the descriptors of process 1", "hidepid, not dumpable",
	  "dumpable,proc,fence", NULL, stub_descriptors },
	{ "stub-report", "opens the pipe by which process 1 reports",
	  "hidepid, not dumpable, another's pipe", "dumpable,proc,fence,user", NULL, stub_report },
	{ "stub-root", "goes by the root of process 1", "hidepid, not dumpable",
	  "dumpable,proc,fence", NULL, stub_root },
	{ "stub-program", "opens the program of process 1, which is the host's",
	  "hidepid, not dumpable", "dumpable,proc,fence", NULL, stub_program },
	{ "stub-environment", "reads the environment of process 1", "hidepid, not dumpable",
	  "dumpable,proc,fence", NULL, stub_environment },
	{ "stub-command-line", "reads the command line of process 1", "hidepid",
	  "dumpable,proc,fence", NULL, stub_command_line },
	{ "stub-maps", "reads where the memory of process 1 lies", "hidepid, not dumpable",
	  "dumpable,proc,fence", NULL, stub_maps },
	{ "ptrace-stub", "traces process 1", "seccomp, not dumpable, landlock",
	  "filter,dumpable,fence", NULL, trace_stub },
	{ "ptrace-process", "traces another process of its own", "seccomp", "filter", NULL,
	  trace_neighbour_job },
	{ "ptrace-me", "lets itself be traced", "seccomp", "filter", NULL, be_traced },
	{ "vm-read", "reads the memory of process 1", "seccomp, not dumpable, landlock",
	  "filter,dumpable,fence", NULL, read_stub },
	{ "vm-write", "writes to the memory of process 1", "seccomp, not dumpable, landlock",
	  "filter,dumpable,fence", NULL, write_stub },
	{ "pidfd-getfd", "takes a descriptor of process 1", "seccomp, not dumpable, landlock",
	  "filter,dumpable,fence", NULL, take_descriptor },
	{ "process-madvise", "advises on the memory of process 1",
	  "seccomp, capabilities, not dumpable", "filter,caps,user,dumpable,fence", NULL,
	  advise_stub },
	{ "kcmp", "compares descriptors with process 1", "seccomp, not dumpable, landlock",
	  "filter,dumpable,fence", NULL, compare_with_stub },
	{ "move-pages", "moves the pages of process 1", "seccomp, not dumpable",
	  "filter,dumpable,fence", NULL, move_pages_of_stub },
	{ "stub-stop", "stops process 1", "it is process 1 of its namespace",
	  "user,pid,proc,fence,dumpable", NULL, stop_stub },
	{ "signal-others", "finds a process to signal beside its own", "pid namespace",
	  "user,pid,fence", NULL, signal_others },
	{ "pidfd-others", "opens a pidfd of a process beside its own", "pid namespace", "user,pid",
	  NULL, open_pidfds },
	{ "proc-others", "sees a process beside its own", "pid namespace",
	  "user,pid,proc,fence,dumpable", NULL, see_others },
	{ "descriptors", "has a descriptor of who started it", "all are closed", "fds", NULL,
	  keep_descriptors },
	{ "environment", "has a variable of who started it", "nothing is inherited", "env", NULL,
	  keep_environment },
	{ "lock-memory", "locks a megabyte of memory", "rlimit", "limits", NULL, lock_much },
	{ 0 },
};
