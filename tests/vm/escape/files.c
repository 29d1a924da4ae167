/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the job may see and not change, files that it may not see, and other ways to them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

static int write_host_file(void)
{
	return write_text(PREPARED "/open", "x");
}

static int chmod_host_file(void)
{
	return done(chmod(PREPARED "/own", 0666));
}

static int make_host_file(void)
{
	int fd = open(PREPARED "/made", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : done(unlink(PREPARED "/made"));
}

static int link_host_file(void)
{
	int r = done(link(PREPARED "/open", PREPARED "/linked"));

	return r ? r : done(unlink(PREPARED "/linked"));
}

static int rename_host_file(void)
{
	int r = done(rename(PREPARED "/open", PREPARED "/renamed"));

	return r ? r : done(rename(PREPARED "/renamed", PREPARED "/open"));
}

/* For writing if there is a way, else for reading: what may be done then is the question. */
static int open_volume_file(void)
{
	int fd = open(VOLUME "/open", O_RDWR | O_CLOEXEC);

	return fd < 0 ? open(VOLUME "/open", O_RDONLY | O_CLOEXEC) : fd;
}

static int write_volume(void)
{
	return write_text(VOLUME "/open", "x");
}

static int make_in_volume(void)
{
	int r = done(mkdir(VOLUME "/made", 0700));

	return r ? r : done(rmdir(VOLUME "/made"));
}

static int map_volume(void)
{
	int fd = open_volume_file();
	void *at;

	if (fd < 0)
		return -errno;
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? -errno : 0;
}

/* A private mapping is one's own; made shared, or protected otherwise later, it must not be. */
static int protect_volume(void)
{
	int fd = open_volume_file();
	void *at;

	if (fd < 0)
		return -errno;
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? -errno : done(mprotect(at, 4096, PROT_READ | PROT_WRITE));
}

static int splice_into_volume(void)
{
	int fd = open_volume_file(), ends[2];

	if (fd < 0 || pipe(ends) || write(ends[1], "x", 1) != 1)
		return -errno;
	return done(splice(ends[0], NULL, fd, NULL, 1, 0));
}

static int allocate_in_volume(void)
{
	int fd = open_volume_file();

	return fd < 0 ? -errno : done(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096));
}

static int touch_volume(void)
{
	return done(utimensat(AT_FDCWD, VOLUME "/open", NULL, 0));
}

/* Between the look and the use of a name: the link is turned while it is written through. */
static int race_links(void)
{
	const char *const targets[] = { "/tmp/harmless", PREPARED "/open" };
	int fd = open("/tmp/harmless", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat is;

	for (int i = 0; i < 200; i++) {
		unlink("/tmp/turned");
		if (symlink(targets[i % 2], "/tmp/turned"))
			return -errno;
		close(fd);
		fd = open("/tmp/turned", O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && !fstat(fd, &is) && is.st_size == 4) /* the prepared one's */
			return done(write(fd, "x", 1));
	}
	return -EROFS;
}

static int climb(void)
{
	return done(access("../../../../../../../../init", F_OK));
}

static int climb_by_descriptor(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : done(faccessat(fd, "../../../init", F_OK, 0));
}

static int climb_by_proc(void)
{
	return done(access("/proc/self/root/../init", F_OK));
}

static int see_secret(void)
{
	char text[64];
	int n = read_text("/etc/shadow", text, sizeof(text));

	return n < 0 ? n : 0;
}

static int see_tmp(void)
{
	return done(access("/tmp/" NAME, F_OK));
}

static int see_shm(void)
{
	return done(access("/dev/shm/" NAME, F_OK));
}

static int see_sysfs(void)
{
	return done(access("/sys/kernel", F_OK));
}

static int see_cgroups(void)
{
	return done(access("/sys/fs/cgroup/cgroup.procs", F_OK));
}

/* The way of CVE-2019-5736: a program of the host's that runs inside is kept by its link. */
static int overwrite_own_program(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(PREPARED "/tricks", "tricks", "--reopen-self", NULL);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EPERM;
}

int reopen_self(void)
{
	int self = open("/proc/self/exe", O_PATH); /* kept through what follows */
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", self);
	execl("/bin/tricks", "tricks", "--write-through", fd, NULL);
	return errno;
}

int write_through(const char *fd)
{
	char path[64];
	int to;

	snprintf(path, sizeof(path), "/proc/self/fd/%s", fd);
	to = open(path, O_WRONLY | O_CLOEXEC);
	return to < 0 ? errno : 0;
}

static int execute_setuid(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(PREPARED "/setuid", "tricks", "--user", NULL);
		_exit(2);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int open_by_handle(void)
{
	char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	struct file_handle *handle = (struct file_handle *)space;
	int mount_id, at;

	handle->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, "/tmp", handle, &mount_id, 0))
		return -errno;
	at = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return at < 0 ? -errno : done(open_by_handle_at(at, handle, O_RDONLY));
}

static int make_device(void)
{
	int r = done(mknod("/tmp/device", S_IFCHR | 0600, makedev(1, 3)));

	return r ? r : done(unlink("/tmp/device"));
}

static int make_disk(void)
{
	int r = done(mknod("/tmp/disk", S_IFBLK | 0600, makedev(7, 0)));

	return r ? r : done(unlink("/tmp/disk"));
}

/* The first that can be opened; what each is good for is well known. */
static int open_device(void)
{
	static const char *const known[] = {
		"/dev/mem",
		"/dev/kmem",
		"/dev/port",
		"/dev/kmsg",
		"/dev/console",
		"/dev/tty0",
		"/dev/ttyS0",
		"/dev/ptmx",
		"/dev/pts/ptmx",
		"/dev/fuse",
		"/dev/net/tun",
		"/dev/loop-control",
		"/dev/loop0",
		"/dev/sda",
		"/dev/vda",
		"/dev/nvme0n1",
		"/dev/mapper/control",
		"/dev/kvm",
		"/dev/vhost-net",
		"/dev/vhost-vsock",
		"/dev/vsock",
		"/dev/hpet",
		"/dev/rtc0",
		"/dev/snapshot",
		"/dev/userfaultfd",
		"/dev/uinput",
		"/dev/cpu/0/msr",
		"/dev/btrfs-control",
		"/dev/dri/card0",
		"/dev/hwrng",
		"/dev/rfkill",
		"/dev/udmabuf",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int fd = open(known[i], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

		if (fd >= 0)
			return done(close(fd));
	}
	return -errno;
}

static int remove_device(void)
{
	int r = done(rename("/dev/null", "/dev/none"));

	return r ? r : done(rename("/dev/none", "/dev/null"));
}

/* What an overlay takes for its own notes would let a folder show another one. */
static int redirect_overlay(void)
{
	return done(setxattr("/bin", "user.overlay.redirect", "/etc", 4, 0));
}

static int redirect_trusted(void)
{
	return done(setxattr("/tmp", "trusted.overlay.redirect", "/etc", 4, 0));
}

static int give_capabilities(void)
{
	/* As of linux/capability.h: revision 2, effective, CAP_SYS_ADMIN. */
	static const unsigned int caps[5] = { 0x02000001, 1u << 21, 0, 0, 0 };
	int fd = open("/tmp/privileged", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

	return fd < 0 ? -errno : done(fsetxattr(fd, "security.capability", caps, 20, 0));
}

const struct trick file_tricks[] = {
	{ "host-file-write", "writes to a file of the host's /usr that everybody may write to",
	  "read-only mounts, landlock", "root,fence", NULL, write_host_file },
	{ "host-file-chmod", "changes the mode of a file in /usr of the same user",
	  "read-only mounts", "root,fence", NULL, chmod_host_file },
	{ "host-file-make", "makes a file in a folder of /usr open to everybody",
	  "read-only mounts, landlock", "root,fence", NULL, make_host_file },
	{ "host-file-link", "makes a hard link to a file of /usr", "read-only mounts, landlock",
	  "root,fence", NULL, link_host_file },
	{ "host-file-rename", "renames a file of /usr", "read-only mounts, landlock", "root,fence",
	  NULL, rename_host_file },
	{ "link-race", "turns a symbolic link onto a file of /usr while writing through it",
	  "read-only mounts, landlock", "root,fence", NULL, race_links },
	{ "volume-write", "writes to a file of a read-only volume", "read-only mount, landlock",
	  "ro", NULL, write_volume },
	{ "volume-make", "makes a folder in a read-only volume", "read-only mount, landlock", "ro",
	  NULL, make_in_volume },
	{ "volume-map", "maps a file of a read-only volume for writing", "read-only mount", "ro",
	  NULL, map_volume },
	{ "volume-protect", "makes a mapping of a read-only volume's file writable afterwards",
	  "read-only mount", "ro", NULL, protect_volume },
	{ "volume-splice", "splices a pipe into a file of a read-only volume", "read-only mount",
	  "ro", NULL, splice_into_volume },
	{ "volume-allocate", "allocates blocks of a file in a read-only volume", "read-only mount",
	  "ro", NULL, allocate_in_volume },
	{ "volume-touch", "sets the times of a file in a read-only volume", "read-only mount", "ro",
	  NULL, touch_volume },
	{ "climb-folder", "goes up from the working folder by ..", "pivot_root, own mounts",
	  "root,fence", NULL, climb },
	{ "climb-descriptor", "goes up from a descriptor of / by ..", "pivot_root, own mounts",
	  "root,fence", NULL, climb_by_descriptor },
	{ "climb-proc", "goes up from /proc/self/root by ..", "pivot_root, own mounts",
	  "root,fence", NULL, climb_by_proc },
	{ "see-etc", "reads a file of the host's /etc", "own mounts", "root,fence", NULL,
	  see_secret },
	{ "see-tmp", "finds what another has in /tmp", "own tmpfs", "root,fence", NULL, see_tmp },
	{ "see-shm", "finds what another has in /dev/shm", "own tmpfs", "root,fence", NULL,
	  see_shm },
	{ "see-sys", "looks into /sys", "no sysfs", "root,fence", NULL, see_sysfs },
	{ "see-cgroups", "looks into /sys/fs/cgroup", "no cgroup file system", "root,fence", NULL,
	  see_cgroups },
	{ "own-program", "writes over the host's program that runs, by a kept /proc/self/exe",
	  "read-only mounts, landlock", "root,fence", NULL, overwrite_own_program },
	{ "setuid", "executes a file that is set-uid", "nosuid, no_new_privs, user namespace",
	  "root,fence,caps,user", NULL, execute_setuid },
	{ "file-handle", "opens a file by its handle", "seccomp, capabilities, user namespace",
	  "filter,caps,user", NULL, open_by_handle },
	{ "make-device", "makes a character device", "capabilities, user namespace, landlock",
	  "caps,user,fence", NULL, make_device },
	{ "make-disk", "makes a block device", "capabilities, user namespace, landlock",
	  "caps,user,fence", NULL, make_disk },
	{ "open-device", "opens any of 32 devices that lead out", "own /dev", "root,fence", NULL,
	  open_device },
	{ "remove-device", "renames /dev/null", "read-only /dev, own mounts",
	  "root,fence,user,caps", NULL, remove_device },
	{ "overlay-redirect", "writes an overlay's own note, that a folder is another one",
	  "overlay's private attributes, read-only mounts", "root,fence,user,caps", NULL,
	  redirect_overlay },
	{ "overlay-trusted", "writes an overlay's trusted note", "capabilities, user namespace",
	  "caps,user", NULL, redirect_trusted },
	{ "file-capabilities", "gives a file capabilities", "capabilities", "caps", NULL,
	  give_capabilities },
	{ 0 },
};
