/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces and rights: new ones, others', more of one's own. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

static int unshare_user(void)
{
	return done(unshare(CLONE_NEWUSER));
}

static int unshare_mounts(void)
{
	return done(unshare(CLONE_NEWNS));
}

static int unshare_net(void)
{
	return done(unshare(CLONE_NEWNET));
}

static int unshare_time(void)
{
	return done(unshare(CLONE_NEWTIME));
}

/* The child of a clone that has worked ends at once. */
static int end_of(long pid)
{
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -errno : waitpid((pid_t)pid, NULL, __WALL) < 0 ? -errno : 0;
}

static int clone_user(void)
{
	return end_of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}

/* The upper half of the flags is not looked at by the kernel; a filter must not be fooled. */
static int clone_user_with_high_bits(void)
{
	return end_of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD | (1ul << 40), 0, 0, 0, 0));
}

static int clone3_with(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	return end_of(syscall(SYS_clone3, &args, sizeof(args)));
}

static int clone3_user(void)
{
	return clone3_with(CLONE_NEWUSER);
}

static int clone3_time(void)
{
	return clone3_with(CLONE_NEWTIME);
}

static int clone3_pid(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER | CLONE_NEWPID, .exit_signal = SIGCHLD };

	return end_of(syscall(SYS_clone3, &args, sizeof(args)));
}

static int enter_by_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, beginning.stub, 0);

	return fd < 0 ? -errno : done(setns(fd, CLONE_NEWNET));
}

static int enter_by_proc(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : done(setns(fd, CLONE_NEWNET));
}

static int become_root(void)
{
	return done(setresuid(0, 0, 0));
}

static int become_other(void)
{
	return done(setresuid(12345, 12345, 12345));
}

static int take_groups(void)
{
	const gid_t group = 12345;

	return done(setgroups(1, &group));
}

static int take_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { 0 };

	caps[0].effective = caps[0].permitted = 1u << CAP_SYS_ADMIN;
	return done(syscall(SYS_capset, &header, caps));
}

static int raise_ambient(void)
{
	return done(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
}

static int clear_securebits(void)
{
	return done(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
}

static int leave_no_new_privs(void)
{
	int is = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);

	/* Once set there is no call to clear it: set to 0 it must be refused. */
	return is ? done(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)) : 0;
}

static int leave_filter(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) ? done(prctl(PR_SET_SECCOMP, 0, 0, 0, 0)) : 0;
}

static int move_own_memory(void)
{
	static char arguments[64];

	return done(prctl(PR_SET_MM, PR_SET_MM_ARG_START, arguments, 0, 0));
}

static int raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	limit.rlim_max++;
	return done(setrlimit(RLIMIT_NOFILE, &limit));
}

static int dump_core(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		abort();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WCOREDUMP(status) ? 0 : -EPERM;
}

/* With another limit than the one it was given: less, and more. */
static int dump_core_at_limit(rlim_t to)
{
	const struct rlimit limit = { to, to };

	(void)setrlimit(RLIMIT_CORE, &limit);
	(void)syscall(SYS_setrlimit, RLIMIT_CORE, &limit);
	(void)syscall(SYS_setrlimit, RLIMIT_CORE | (1ul << 32), &limit);
	return dump_core();
}

static int dump_core_lower(void)
{
	return dump_core_at_limit(0);
}

static int dump_core_higher(void)
{
	return dump_core_at_limit(RLIM_INFINITY);
}

const struct trick namespace_tricks[] = {
	{ "unshare-user", "makes a user namespace, for its capabilities", "seccomp", "filter", NULL,
	  unshare_user },
	{ "unshare-mount", "makes a mount namespace", "seccomp, capabilities", "filter,caps", NULL,
	  unshare_mounts },
	{ "unshare-net", "makes a network namespace", "seccomp, capabilities", "filter,caps", NULL,
	  unshare_net },
	{ "unshare-time", "makes a time namespace", "seccomp, capabilities", "filter,caps", NULL,
	  unshare_time },
	{ "clone-user", "makes a user namespace by clone", "seccomp", "filter", NULL, clone_user },
	{ "clone-high-bits", "the same, with bits set that the kernel does not look at", "seccomp",
	  "filter", NULL, clone_user_with_high_bits },
	{ "clone3-user", "makes a user namespace by clone3, whose flags no filter sees", "seccomp",
	  "filter", NULL, clone3_user },
	{ "clone3-time", "makes a time namespace by clone3", "seccomp, capabilities", "filter,caps",
	  NULL, clone3_time },
	{ "clone3-nested", "makes user and pid namespaces at once", "seccomp", "filter", NULL,
	  clone3_pid },
	{ "setns-pidfd", "enters a namespace of process 1", "seccomp, capabilities, not dumpable",
	  "filter,caps,dumpable,fence", NULL, enter_by_pidfd },
	{ "setns-proc", "enters a namespace by /proc", "seccomp, capabilities", "filter,caps", NULL,
	  enter_by_proc },
	{ "become-root", "becomes user 0", "one user is mapped, capabilities", "user", NULL,
	  become_root },
	{ "become-other", "becomes another user", "one user is mapped, capabilities", "user,caps",
	  NULL, become_other },
	{ "take-groups", "takes groups", "setgroups is denied, capabilities", "user,caps", NULL,
	  take_groups },
	{ "capset", "takes a capability", "empty sets, seccomp", "filter,caps", NULL,
	  take_capabilities },
	{ "ambient", "raises an ambient capability", "empty sets, securebits", "caps", NULL,
	  raise_ambient },
	{ "securebits", "clears the securebits", "locked, capabilities", "caps", NULL,
	  clear_securebits },
	{ "no-new-privs", "leaves no_new_privs", "it is for good", "caps", NULL,
	  leave_no_new_privs },
	{ "leave-filter", "leaves the filter of calls", "it is for good", "filter", NULL,
	  leave_filter },
	{ "set-mm", "moves what the kernel notes of its memory", "capabilities, user namespace",
	  "caps,user", NULL, move_own_memory },
	{ "raise-limit", "raises a hard limit", "capabilities, user namespace", "caps,user", NULL,
	  raise_limit },
	{ "core-dump", "crashes, for the host's handler of core dumps to run as root", "rlimit",
	  "limits", NULL, dump_core },
	{ "core-lower", "crashes with its limit lowered to 0, which handlers do not know",
	  "rlimit, seccomp", "filter,limits", NULL, dump_core_lower },
	{ "core-higher", "crashes with its limit raised", "rlimit, seccomp", "filter,limits", NULL,
	  dump_core_higher },
	{ 0 },
};
