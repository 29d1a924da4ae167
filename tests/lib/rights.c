/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights UID: gives up rights exactly as the agent does, then tries to use what it must no
 * longer have.  One TAP line a right; run as root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/security/privileges.h"

static int become_root(void)
{
	return setuid(0);
}

static int join_root_group(void)
{
	return setgid(0);
}

static int read_secret(void)
{
	return open("/etc/shadow", O_RDONLY);
}

static int write_etc(void)
{
	return open("/etc/fairlead-test", O_CREAT | O_WRONLY, 0600);
}

static int load_bpf(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
	};

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int watch_all(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr) };

	return (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
}

static int kill_init(void)
{
	return kill(1, 0);
}

static int mount_tmpfs(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL);
}

static int new_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

/* A child that came to be has nothing to do. */
static int end_child(long pid)
{
	if (pid == 0)
		_exit(0);
	return (int)pid;
}

static int new_namespace_by_clone(void)
{
	return end_child(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}

static int new_namespace_by_clone3(void)
{
	struct clone_args how = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };

	return end_child(syscall(SYS_clone3, &how, sizeof(how)));
}

static int run_shell(void)
{
	return execl("/bin/sh", "sh", "-c", "exit 0", NULL);
}

static int trace_parent(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int change_root(void)
{
	return chroot("/tmp");
}

static int make_device(void)
{
	return mknod("/tmp/fairlead-test-device", S_IFBLK | 0600, 8 << 8);
}

static int regain(void)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 39, 0, 0);
}

static const struct {
	const char *name;
	int (*attempt)(void);
} rights[] = {
	{ "become root again", become_root },
	{ "join root's group", join_root_group },
	{ "read what only root may read", read_secret },
	{ "write to /etc", write_etc },
	{ "make a BPF map", load_bpf },
	{ "count events of the whole machine", watch_all },
	{ "signal init", kill_init },
	{ "mount", mount_tmpfs },
	{ "make a namespace", new_namespace },
	{ "make a child in a new namespace", new_namespace_by_clone },
	{ "make one in the newer way", new_namespace_by_clone3 },
	{ "run a program", run_shell },
	{ "trace its parent", trace_parent },
	{ "change its root", change_root },
	{ "make a device", make_device },
	{ "take a capability back", regain },
};

int main(int argc, char **argv)
{
	int count = sizeof(rights) / sizeof(rights[0]), bad = 0;
	uid_t uid = argc > 1 ? (uid_t)strtoul(argv[1], NULL, 10) : 64990;

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("1..%d\n", count);
	if (privileges_drop(uid, uid) || privileges_filter_calls()) {
		printf("# cannot give up rights: %s\n", strerror(errno));
		return 1;
	}
	for (int i = 0; i < count; i++) {
		int r = rights[i].attempt();

		printf("%sok %d - the agent cannot %s\n", r >= 0 ? "not " : "", i + 1,
		       rights[i].name);
		bad |= r >= 0;
	}
	return bad;
}
