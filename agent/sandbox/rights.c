/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/spec.h"

int rights_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { 0 };
	int r = 0;

	for (int cap = 0; !r; cap++)
		r = prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (errno != EINVAL) /* the kernel knows no capability of that number: these were all */
		return -errno;
	if (prctl(PR_SET_SECUREBITS,
		  SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
			  SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
			  SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
		  0, 0, 0) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, none))
		return -errno;
	/* Where keys are not built in there are none to be seen either. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
	return 0;
}

/* Of linux/landlock.h, which on the oldest system that we build on lacks the later ones. */
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_AND_MAKE = 0x1ff << 4, /* … among which are devices: */
	FS_MAKE_CHAR = 1 << 6,
	FS_MAKE_BLOCK = 1 << 11,
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_LOOK = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR,
	FS_CHANGE = FS_WRITE_FILE | (FS_REMOVE_AND_MAKE & ~(FS_MAKE_CHAR | FS_MAKE_BLOCK)) |
		    FS_REFER | FS_TRUNCATE,
	NET_TCP = 3,
	SCOPE_ALL = 3,
	RULE_PATH_BENEATH = 1,
	ASK_VERSION = 1,
};

struct ruleset {
	uint64_t fs, net, scoped;
};

struct rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* What this version of landlock knows; one that is asked for more refuses all. */
static struct ruleset known_to(int version, const struct sandbox_spec *spec, size_t *size)
{
	struct ruleset set = { .fs = FS_LOOK | FS_CHANGE | FS_MAKE_CHAR | FS_MAKE_BLOCK };

	if (version < 3)
		set.fs &= ~(uint64_t)FS_TRUNCATE;
	if (version < 2)
		set.fs &= ~(uint64_t)FS_REFER;
	if (spec->net == SANDBOX_NET_NONE)
		set.net = NET_TCP;
	set.scoped = SCOPE_ALL;
	*size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	return set;
}

static int allow(int ruleset, int fd, uint64_t access)
{
	struct rule rule = { .allowed = access, .fd = fd };

	return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) ? -errno : 0;
}

static int allow_below(int ruleset, const char *path, uint64_t access)
{
	CLEANUP(closep) int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat is;

	if (fd < 0 || fstat(fd, &is))
		return -errno;
	if (!S_ISDIR(is.st_mode))
		access &= FS_EXECUTE | FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
	return allow(ruleset, fd, access);
}

/*
 * What the job was handed as a file it may open anew (/dev/stdin) the way that it was opened,
 * but not for writing what was handed for reading.  A pipe or a terminal needs no rule.
 */
static void allow_streams(int ruleset, uint64_t handled)
{
	for (int fd = 0; fd <= 2; fd++) {
		int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
		uint64_t access = (mode != O_WRONLY ? FS_READ_FILE : 0) |
				  (mode != O_RDONLY ? FS_WRITE_FILE | FS_TRUNCATE : 0);

		(void)allow(ruleset, fd, access & handled);
	}
}

/* A second fence: the namespaces are the first. */
int rights_fence_new(const struct sandbox_spec *spec, int *ret)
{
	CLEANUP(closep) int ruleset = -1;
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	struct ruleset set;
	uint64_t change;
	size_t size;
	int r;

	*ret = -1;
	if (version < 1)
		return 0;
	set = known_to(version, spec, &size);
	change = (FS_LOOK | FS_CHANGE) & set.fs;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (ruleset < 0)
		return -errno;
	r = allow_below(ruleset, "/", spec->root ? change : FS_LOOK);
	if (!r)
		r = allow_below(ruleset, "/tmp", change);
	if (!r)
		r = allow_below(ruleset, SANDBOX_FOLDER, change);
	if (!r)
		r = allow_below(ruleset, "/dev", (FS_LOOK | FS_WRITE_FILE | FS_TRUNCATE) & set.fs);
	for (size_t i = 0; i < spec->volume_count && !r; i++)
		r = allow_below(ruleset, spec->volumes[i].path,
				spec->volumes[i].read_only ? FS_LOOK : change);
	if (!r) {
		allow_streams(ruleset, set.fs);
		*ret = TAKE_FD(ruleset);
	}
	return r;
}

int rights_fence(const struct sandbox_spec *spec)
{
	CLEANUP(closep) int ruleset = -1;
	int r = rights_fence_new(spec, &ruleset);

	return r || ruleset < 0 ? r : syscall(SYS_landlock_restrict_self, ruleset, 0) ? -errno : 0;
}

static int limit(int resource, uint64_t value)
{
	struct rlimit now, next = { .rlim_cur = value, .rlim_max = value };

	if (getrlimit((unsigned int)resource, &now))
		return -errno;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		next.rlim_cur = next.rlim_max = now.rlim_max; /* it may be lowered only */
	return setrlimit((unsigned int)resource, &next) ? -errno : 0;
}

int rights_limit(const struct sandbox_spec *spec)
{
	/* Not 0, with which a handler that core_pattern names is run all the same. */
	int r = limit(RLIMIT_CORE, 1);

	if (!r)
		r = limit(RLIMIT_NOFILE, spec->open_files);
	if (!r)
		r = limit(RLIMIT_MEMLOCK, 64 << 10);
	if (!r)
		r = limit(RLIMIT_MSGQUEUE, 64 << 10);
	if (!r && spec->data_bytes)
		r = limit(RLIMIT_DATA, spec->data_bytes);
	if (!r && spec->processes)
		r = limit(RLIMIT_NPROC, spec->processes);
	return r;
}
