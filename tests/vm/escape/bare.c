/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare --without GUARD,… COMMAND…: the sandbox of agent/sandbox, with guards taken away, for
 * what a trick does when nothing stops it.  The product has no switch for that: here the linker
 * hands the sandbox's calls to the functions below (--wrap), which leave out what they are told.
 *
 *   filter    no seccomp                    caps      all capabilities of the user namespace
 *   fence     no landlock                   user      no user namespace: the command is root
 *   limits    no rlimits                    pid, net, ipc, uts, cgroup   not that namespace
 *   root      the mounts of the machine     proc      writable, nothing hidden or masked
 *   ro        the volume may be written to  dumpable  process 1 may be looked into
 *   fds       descriptors are inherited, and the keyring     env   so are variables
 *   streams   any descriptor may be handed in       views     as it is
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sandbox/filter.h"
#include "agent/sandbox/rights.h"
#include "agent/sandbox/root.h"
#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/streams.h"

static const char *without_list;

static bool without(const char *guard)
{
	size_t length = strlen(guard);

	for (const char *at = without_list; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == length && !memcmp(at, guard, length))
			return true;
	return false;
}

int __real_filter_load(const struct filter_program *filter);
int __wrap_filter_load(const struct filter_program *filter);
int __wrap_filter_load(const struct filter_program *filter)
{
	return without("filter") ? 0 : __real_filter_load(filter);
}

/* Ambient as well, so that a command that is not user 0 has them after execve too. */
static int keep_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &header, caps))
		return -errno;
	for (int i = 0; i < 2; i++)
		caps[i].inheritable = caps[i].effective = caps[i].permitted;
	if (syscall(SYS_capset, &header, caps))
		return -errno;
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return 0;
}

int __real_rights_drop(void);
int __wrap_rights_drop(void);
int __wrap_rights_drop(void)
{
	return without("caps") ? keep_capabilities() : __real_rights_drop();
}

int __real_rights_fence(const struct sandbox_spec *spec);
int __wrap_rights_fence(const struct sandbox_spec *spec);
int __wrap_rights_fence(const struct sandbox_spec *spec)
{
	return without("fence") ? 0 : __real_rights_fence(spec);
}

int __real_rights_limit(const struct sandbox_spec *spec);
int __wrap_rights_limit(const struct sandbox_spec *spec);
int __wrap_rights_limit(const struct sandbox_spec *spec)
{
	return without("limits") ? 0 : __real_rights_limit(spec);
}

int __real_streams_check(const struct sandbox_spec *spec);
int __wrap_streams_check(const struct sandbox_spec *spec);
int __wrap_streams_check(const struct sandbox_spec *spec)
{
	return without("streams") ? 0 : __real_streams_check(spec);
}

void __real_streams_narrow(struct build *b);
void __wrap_streams_narrow(struct build *b);
void __wrap_streams_narrow(struct build *b)
{
	if (!without("views"))
		__real_streams_narrow(b);
}

static int open_proc(void)
{
	static const char *const masks[] = {
		"keys", "kallsyms", "acpi", "bus", "fs", "irq", "scsi"
	};
	char path[32];

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%s", masks[i]);
		(void)umount2(path, MNT_DETACH); /* not every kernel has every one */
	}
	if (mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND, NULL))
		return -errno;
	return mount(NULL, "/proc", NULL, MS_REMOUNT, "hidepid=0") ? -errno : 0;
}

int __real_root_frame(struct build *b);
int __wrap_root_frame(struct build *b);
int __wrap_root_frame(struct build *b)
{
	return without("root") ? 0 : __real_root_frame(b);
}

int __real_room_build(struct build *b);
int __wrap_room_build(struct build *b);
int __wrap_room_build(struct build *b)
{
	int r = without("root") ? 0 : __real_room_build(b);

	return !r && !without("root") && without("proc") ? open_proc() : r;
}

int __real_close_range(unsigned int first, unsigned int last, int flags);
int __wrap_close_range(unsigned int first, unsigned int last, int flags);
int __wrap_close_range(unsigned int first, unsigned int last, int flags)
{
	return without("fds") ? 0 : __real_close_range(first, last, flags);
}

/* The three below take any arguments; passed on as words, as the calls of the ABI take them. */
int __real_prctl(int option, long a, long b, long c, long d);
int __wrap_prctl(int option, long a, long b, long c, long d);
int __wrap_prctl(int option, long a, long b, long c, long d)
{
	if (option == PR_SET_DUMPABLE && without("dumpable"))
		a = 1;
	return __real_prctl(option, a, b, c, d);
}

/* Without a namespace of users there is no map to write. */
int __real_open(const char *path, int flags, int mode);
int __wrap_open(const char *path, int flags, int mode);
int __wrap_open(const char *path, int flags, int mode)
{
	bool map = !strcmp(path, "/proc/self/setgroups") || !strcmp(path, "/proc/self/uid_map") ||
		   !strcmp(path, "/proc/self/gid_map");

	return __real_open(map && without("user") ? "/dev/null" : path, flags, mode);
}

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	static const struct {
		const char *guard;
		uint64_t flag;
	} namespaces[] = {
		{ "user", CLONE_NEWUSER }, { "pid", CLONE_NEWPID }, { "net", CLONE_NEWNET },
		{ "ipc", CLONE_NEWIPC },   { "uts", CLONE_NEWUTS }, { "cgroup", CLONE_NEWCGROUP },
	};

	struct clone_args *args;

	memcpy(&args, &a, sizeof(a)); /* a pointer, as a word */
	for (size_t i = 0; number == SYS_clone3 && i < sizeof(namespaces) / sizeof(namespaces[0]);
	     i++)
		if (without(namespaces[i].guard))
			args->flags &= ~namespaces[i].flag;
	return __real_syscall(number, a, b, c, d, e, f);
}

int main(int argc, char **argv)
{
	static char *const usual[] = { "PATH=/usr/bin:/bin", NULL };
	struct sandbox_spec spec = {
		.in = 0,
		.out = 1,
		.err = 2,
		.uid = 1000,
		.gid = 1000,
		.tmp_bytes = 16 << 20,
		.tmp_inodes = 4096,
		.open_files = 1024,
		.volume_count = 1,
	};
	struct sandbox_volume volume = { .source = "/tmp/escape",
					 .path = "/ro",
					 .read_only = true };
	struct sandbox_result result;
	struct sandbox_why why = { 0 };
	struct sandbox s;

	if (argc < 4 || strcmp(argv[1], "--without") != 0) {
		fprintf(stderr, "usage: bare --without GUARD,… COMMAND…\n");
		return 2;
	}
	without_list = argv[2];
	spec.argv = argv + 3;
	spec.env = without("env") ? environ : usual;
	spec.uid = spec.gid = without("user") ? 0 : 1000;
	spec.folder = without("root") ? "/tmp" : NULL;
	volume.read_only = !without("ro");
	spec.volumes = &volume;
	if (sandbox_start(&s, &spec, &why)) {
		fprintf(stderr, "bare: %s\n", why.text);
		return 125;
	}
	(void)sandbox_wait(&s, &result);
	return WIFEXITED(result.status) ? WEXITSTATUS(result.status) : 125;
}
