/* SPDX-License-Identifier: Apache-2.0 */
/* Mounting, by the old calls and the new, and leaving the root. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

/* A folder to mount on, and off again. */
static int mount_there(const char *type, const char *options)
{
	int r;

	if (mkdir("/tmp/there", 0700) && errno != EEXIST)
		return -errno;
	r = done(mount(type, "/tmp/there", type, 0, options));
	return r ? r : done(umount2("/tmp/there", MNT_DETACH));
}

static int mount_tmpfs(void)
{
	return mount_there("tmpfs", NULL);
}

static int mount_proc(void)
{
	return mount_there("proc", NULL);
}

static int mount_sysfs(void)
{
	return mount_there("sysfs", NULL);
}

static int mount_cgroups(void)
{
	return mount_there("cgroup2", NULL);
}

static int mount_devpts(void)
{
	return mount_there("devpts", NULL);
}

static int mount_binfmt(void)
{
	return mount_there("binfmt_misc", NULL);
}

static int mount_debugfs(void)
{
	return mount_there("debugfs", NULL);
}

static int mount_bpf(void)
{
	return mount_there("bpf", NULL);
}

static int mount_overlay(void)
{
	int r = 0;

	if (mkdir("/tmp/upper", 0700) || mkdir("/tmp/work", 0700))
		r = -errno;
	return r && r != -EEXIST
		       ? r
		       : mount_there("overlay",
				     "lowerdir=/usr,upperdir=/tmp/upper,workdir=/tmp/work,"
				     "userxattr");
}

static int bind_root(void)
{
	int r = done(mkdir("/tmp/bound", 0700));

	if (!r)
		r = done(mount("/tmp", "/tmp/bound", NULL, MS_BIND, NULL));
	return r ? r : done(umount2("/tmp/bound", MNT_DETACH));
}

static int remount_root(void)
{
	return done(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int remount_usr(void)
{
	return done(mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int remount_volume(void)
{
	return done(mount(NULL, VOLUME, NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int remount_proc(void)
{
	return done(mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int uncover_proc(void)
{
	return done(umount2("/proc/kallsyms", MNT_DETACH));
}

static int share_mounts(void)
{
	int r = done(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL));

	return r ? r : done(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static int open_filesystem(void)
{
	return done(syscall(SYS_fsopen, "tmpfs", 0));
}

static int clone_tree(void)
{
	return done(syscall(SYS_open_tree, AT_FDCWD, "/usr", 1 /* OPEN_TREE_CLONE */));
}

static int move_tree(void)
{
	int r = mkdir("/tmp/moved", 0700) ? -errno : 0;
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, "/tmp", 1);

	if (fd < 0 || r)
		return fd < 0 ? -errno : r;
	r = done(syscall(SYS_move_mount, fd, "", AT_FDCWD, "/tmp/moved",
			 4 /* MOVE_MOUNT_F_EMPTY_PATH */));
	return r ? r : done(umount2("/tmp/moved", MNT_DETACH));
}

static int set_attributes(void)
{
	const unsigned long long clear_readonly[4] = { 0, 1, 0, 0 };

	return done(syscall(SYS_mount_setattr, AT_FDCWD, "/usr", 0, clear_readonly,
			    sizeof(clear_readonly)));
}

static int pick_filesystem(void)
{
	return done(syscall(SYS_fspick, AT_FDCWD, "/tmp", 0));
}

static int pivot(void)
{
	int r = mkdir("/tmp/new", 0700) ? -errno : 0;

	if (!r && mount("tmpfs", "/tmp/new", "tmpfs", 0, NULL))
		r = -errno;
	if (!r && (chdir("/tmp/new") || syscall(SYS_pivot_root, ".", ".")))
		r = -errno;
	return r;
}

static int pivot_alone(void)
{
	/* What a kernel says that would do it, were it a mount: not EPERM. */
	int r = done(syscall(SYS_pivot_root, "/usr/lib", "/usr/lib"));

	return r == -EINVAL ? 0 : r;
}

static int change_root(void)
{
	return done(chroot("/tmp"));
}

/* Out of a chroot one goes by another chroot below where one stands. */
static int leave_root(void)
{
	if ((mkdir("/tmp/cell", 0700) && errno != EEXIST) || chroot("/tmp/cell"))
		return -errno;
	for (int i = 0; i < 16; i++)
		if (chdir(".."))
			return -errno;
	return chroot(".") ? -errno : done(access("/usr", F_OK));
}

/* Whether mounts come in from outside: the table of mounts says so. */
static int take_part(void)
{
	char text[16384];
	int n = read_text("/proc/self/mountinfo", text, sizeof(text));

	if (n < 0)
		return n;
	return strstr(text, " shared:") || strstr(text, " master:") ? 0 : -ENOENT;
}

const struct trick mount_tricks[] = {
	{ "mount-tmpfs", "mounts a tmpfs", "seccomp, capabilities, landlock", "filter,caps,fence",
	  NULL, mount_tmpfs },
	{ "mount-proc", "mounts a proc of its own, with nothing masked",
	  "seccomp, capabilities, landlock", "filter,caps,fence,proc", NULL, mount_proc },
	{ "mount-sysfs", "mounts sysfs", "seccomp, capabilities, landlock, user namespace",
	  "filter,caps,fence,user", NULL, mount_sysfs },
	{ "mount-cgroup2", "mounts the cgroups", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, mount_cgroups },
	{ "mount-devpts", "mounts terminals", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, mount_devpts },
	{ "mount-binfmt", "mounts binfmt_misc, to have the host's programs interpreted",
	  "seccomp, capabilities, landlock, user namespace", "filter,caps,fence,user", NULL,
	  mount_binfmt },
	{ "mount-debugfs", "mounts debugfs", "seccomp, capabilities, landlock, user namespace",
	  "filter,caps,fence,user", NULL, mount_debugfs },
	{ "mount-bpf", "mounts bpf's file system", "seccomp, capabilities, landlock",
	  "filter,caps,fence,user", NULL, mount_bpf },
	{ "mount-overlay", "mounts an overlay over /usr", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, mount_overlay },
	{ "mount-bind", "binds a folder elsewhere", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, bind_root },
	{ "remount-root", "remounts / writable", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, remount_root },
	{ "remount-usr", "remounts /usr writable", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, remount_usr },
	{ "remount-volume", "remounts a read-only volume writable",
	  "seccomp, capabilities, landlock", "filter,caps,fence", NULL, remount_volume },
	{ "remount-proc", "remounts /proc writable", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, remount_proc },
	{ "uncover-proc", "unmounts what covers a file of /proc", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, uncover_proc },
	{ "share-mounts", "makes its mounts shared", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, share_mounts },
	{ "fsopen", "opens a file system by the new calls", "seccomp, capabilities", "filter,caps",
	  NULL, open_filesystem },
	{ "open-tree", "clones a tree of mounts", "seccomp, capabilities", "filter,caps", NULL,
	  clone_tree },
	{ "move-mount", "attaches a cloned tree", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, move_tree },
	{ "mount-setattr", "clears read-only by mount_setattr", "seccomp, capabilities",
	  "filter,caps", NULL, set_attributes },
	{ "fspick", "picks a mounted file system to change it", "seccomp, capabilities",
	  "filter,caps", NULL, pick_filesystem },
	{ "pivot-alone", "pivots without having mounted", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, pivot_alone },
	{ "pivot-root", "pivots to a root of its own", "seccomp, capabilities, landlock",
	  "filter,caps,fence", NULL, pivot },
	{ "chroot", "changes its root", "seccomp, capabilities", "filter,caps", NULL, change_root },
	{ "chroot-leave", "leaves a chroot by a second one below", "seccomp, capabilities",
	  "filter,caps", NULL, leave_root },
	{ "propagation", "has mounts that come in from outside", "private mounts", "root,fence",
	  NULL, take_part },
	{ 0 },
};
