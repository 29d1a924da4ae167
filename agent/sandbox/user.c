/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/group.h"
#include "agent/sandbox/steps.h"

#define NAMESPACES                                                                                 \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | \
	 CLONE_NEWCGROUP)

/* What this thread is besides its effective user, to be had back. */
struct rights {
	gid_t group, groups[64];
	int group_count;
};

/*
 * A namespace belongs to the effective user of who makes it, and that user alone may say, from
 * inside and without a word to us, whom it stands for.  So root is the job's user while it
 * clones: capabilities stay, as the real user does.  -EINVAL where there is no such user.
 */
static int lend_user(struct rights *kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	kept->group = getegid();
	kept->group_count = getgroups(64, kept->groups);
	if (kept->group_count < 0 || (kept->group_count && setgroups(0, NULL)) ||
	    syscall(SYS_setresgid, -1, SANDBOX_HOST_USER, -1) ||
	    syscall(SYS_setresuid, -1, SANDBOX_HOST_USER, -1) || syscall(SYS_capget, &header, caps))
		return -errno;
	caps[0].effective = caps[0].permitted;
	caps[1].effective = caps[1].permitted;
	return syscall(SYS_capset, &header, caps) ? -errno : 0;
}

static void take_back(const struct rights *kept)
{
	if (syscall(SYS_setresuid, -1, 0, -1) || syscall(SYS_setresgid, -1, kept->group, -1) ||
	    (kept->group_count && setgroups((size_t)kept->group_count, kept->groups)))
		abort(); /* half a user is nobody to go on as */
}

static pid_t clone_into(const struct sandbox_group *group, int *pidfd)
{
	struct clone_args args = {
		.flags = NAMESPACES | CLONE_PIDFD,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	if (group && group->folder >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)group->folder;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

pid_t user_clone(struct build *b, int *pidfd, struct user_host *ret)
{
	const struct user_host job = { SANDBOX_HOST_USER, SANDBOX_HOST_USER };
	const struct user_host self = { geteuid(), getegid() };
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	struct rights kept = { 0 };
	bool lent = self.uid == 0;
	pid_t pid;
	int r;

	step_at(b, STEP_USER, NULL);
	if (lent) {
		r = lend_user(&kept);
		if (r)
			take_back(&kept);
		if (r && r != -EINVAL)
			return r;
		lent = !r; /* no such user in a namespace that has but one: ours */
	}
	*ret = lent ? job : self;
	step_at(b, STEP_NAMESPACES, NULL);
	/* Else /proc/self is the true root's, and the map cannot be written from inside. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	pid = clone_into(b->spec->group, pidfd);
	r = errno;
	if (pid == 0)
		return 0;
	if (lent)
		take_back(&kept);
	(void)prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
	return pid < 0 ? -r : pid;
}

static int write_proc(const char *path, const char *text)
{
	CLEANUP(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* One user: the job's.  We are it outside, so the kernel lets us say so ourselves. */
int user_become(struct build *b, const struct user_host *host)
{
	const struct sandbox_spec *spec = b->spec;
	char map[64];
	int r;

	step_at(b, STEP_USER, NULL);
	r = write_proc("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1", spec->uid, host->uid);
	if (!r)
		r = write_proc("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1", spec->gid, host->gid);
	if (!r)
		r = write_proc("/proc/self/gid_map", map);
	if (!r && (syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) ||
		   syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid)))
		r = -errno;
	return r;
}

/* The kernel forgets the death signal at every change of user, so this comes after it. */
int user_bind_to_parent(int other_end)
{
	struct pollfd parent = { .fd = other_end };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	/* Should it have died before: then nobody has the other end of the pipe. */
	return poll(&parent, 1, 0) > 0 && parent.revents & (POLLERR | POLLHUP) ? -EPIPE : 0;
}
