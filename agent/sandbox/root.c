/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/steps.h"

#define ROOT_FOLDER "root" /* where an overlay is mounted in the tmpfs that carries its upper */

/* Of the host's /etc: what programs need to run, none of which is a secret. */
static const char *const host_etc[] = {
	"alternatives",    "ld.so.cache",     "localtime",
	"java-11-openjdk", "java-17-openjdk", "java-21-openjdk",
};

/* At / beside usr: links into usr on most systems, folders on older ones. */
static const char *const host_top[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

/* No tty: a job has no terminal of its own, so that nothing is behind that name. */
static const char *const devices[] = { "null", "zero", "full", "random", "urandom" };

/*
 * What everybody may read in /proc that tells of the host lies behind the null device or an
 * empty folder.  The rest of what is often masked (kcore, kmsg, timer_list, slabinfo, page
 * counts …) the kernel shows to its true root alone, whom no job of ours is.
 */
static const char *const masked[] = { "keys", "kallsyms" };
static const char *const masked_folders[] = { "acpi", "bus", "fs", "irq", "scsi" };

/* What every root has, of our tmpfs though the root may not be. */
static const struct {
	const char *name;
	mode_t mode;
	bool ours, writable, only_host;
} folders[] = {
	{ .name = "proc", .mode = 0555 },
	{ .name = "dev", .mode = 0755, .ours = true },
	{ .name = "tmp", .mode = 01777, .ours = true, .writable = true },
	{ .name = &SANDBOX_FOLDER[1], .mode = 0755, .ours = true, .writable = true },
	{ .name = "run", .mode = 0755, .only_host = true },
	{ .name = "var", .mode = 0755, .only_host = true },
};

int root_clone(const char *path, bool below)
{
	int fd = open_tree(AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (below ? AT_RECURSIVE : 0));

	return fd < 0 ? -errno : fd;
}

/* Else it is our tmpfs itself, with the host's /usr in it. */
static bool has_own_root(const struct sandbox_spec *spec)
{
	return spec->root || spec->root_mount >= 0;
}

static int attach(int tree, const char *path)
{
	return move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) ? -errno : 0;
}

static int restrict_mount(const char *path, uint64_t attributes, bool below)
{
	struct mount_attr attr = { .attr_set = attributes };

	return mount_setattr(AT_FDCWD, path, below ? AT_RECURSIVE : 0, &attr, sizeof(attr)) ? -errno
											    : 0;
}

static int bind(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND, NULL) ? -errno : 0;
}

static int set(int fs, const char *key, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) ? -errno : 0;
}

static int create(int fs, unsigned int attributes)
{
	int fd;

	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	return fd < 0 ? -errno : fd;
}

static int make_tmpfs(const struct sandbox_spec *spec)
{
	CLEANUP(closep) int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	char size[32], inodes[32];
	int r;

	if (fs < 0)
		return -errno;
	snprintf(size, sizeof(size), "%llu", (unsigned long long)spec->tmp_bytes);
	snprintf(inodes, sizeof(inodes), "%llu", (unsigned long long)spec->tmp_inodes);
	r = set(fs, "size", size);
	if (!r)
		r = set(fs, "nr_inodes", inodes);
	if (!r)
		r = set(fs, "mode", "0755");
	return r ? r : create(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static int make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode))
		return errno == EEXIST ? 0 : -errno;
	return mode == 01777 && chmod(path, mode) ? -errno : 0; /* the umask had its part */
}

static int make_file(const char *path)
{
	CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : 0;
}

static int write_file(const char *path, const char *text)
{
	CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Every folder of a path, which is cut for a moment at each of its slashes. */
static int make_folders_to(char *path)
{
	int r = 0;

	for (char *slash = strchr(path + 1, '/'); slash && !r; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = make_folder(path, 0755);
		*slash = '/';
	}
	return r;
}

/* A folder or an empty file to mount on, as tree is one or the other. */
static int make_place(int tree, const char *path)
{
	char copy[PATH_MAX];
	struct stat is;
	int r;

	if (fstat(tree, &is))
		return -errno;
	snprintf(copy, sizeof(copy), "%s", path);
	r = make_folders_to(copy);
	if (r)
		return r;
	return S_ISDIR(is.st_mode)  ? make_folder(path, 0755)
	       : access(path, F_OK) ? make_file(path)
				    : 0;
}

/* Shows a path of the host's at `to`, read-only; what the host has not is passed over. */
static int show(const char *from, const char *to)
{
	CLEANUP(closep) int tree = root_clone(from, true);
	int r;

	if (tree < 0)
		return tree == -ENOENT || tree == -EACCES ? 0 : tree;
	r = make_place(tree, to);
	if (!r)
		r = attach(tree, to);
	return r ? r
		 : restrict_mount(to, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
				  true);
}

static int show_top(struct build *b, const char *name)
{
	char path[32], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/%s", name);
	b->what = name;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return errno == EINVAL ? show(path, name) : 0;
	target[n] = '\0';
	return symlink(target, name) ? -errno : 0;
}

static int write_users(const struct sandbox_spec *spec)
{
	char users[256], groups[128];
	int r;

	snprintf(users, sizeof(users),
		 "root:x:0:0:root:/:/bin/sh\njob:x:%u:%u:job:" SANDBOX_FOLDER ":/bin/sh\n"
		 "nobody:x:65534:65534:nobody:/:/bin/false\n",
		 spec->uid, spec->gid);
	snprintf(groups, sizeof(groups), "root:x:0:\njob:x:%u:\nnogroup:x:65534:\n", spec->gid);
	r = write_file("etc/passwd", users);
	if (!r)
		r = write_file("etc/group", groups);
	if (!r)
		r = write_file("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
	return r ? r
		 : write_file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
}

/* The host's programs and libraries, and an /etc of our own with what these look for there. */
static int show_host(struct build *b)
{
	char from[64];
	int r = show("/usr", "usr");

	for (size_t i = 0; i < sizeof(host_top) / sizeof(host_top[0]) && !r; i++)
		r = show_top(b, host_top[i]);
	if (!r)
		r = make_folder("etc", 0755);
	if (!r)
		r = write_users(b->spec);
	for (size_t i = 0; i < sizeof(host_etc) / sizeof(host_etc[0]) && !r; i++) {
		snprintf(from, sizeof(from), "/etc/%s", host_etc[i]);
		b->what = host_etc[i];
		r = show(from, from + 1);
	}
	return r;
}

/* The folder as it is below, what is written above it in the tmpfs that we stand in. */
static int overlay(int lower)
{
	CLEANUP(closep) int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	CLEANUP(closep) int tree = -1;
	char below[64], place[64];
	int r;

	if (fs < 0)
		return -errno;
	snprintf(below, sizeof(below), "/proc/self/fd/%d", lower);
	r = make_folder("upper", 0755);
	/* Here rather than through the overlay, which takes ten times as long. */
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !r; i++) {
		snprintf(place, sizeof(place), "upper/%s", folders[i].name);
		r = folders[i].only_host ? 0 : make_folder(place, 0755);
	}
	if (!r)
		r = make_folder("work", 0755);
	if (!r)
		r = set(fs, "lowerdir", below);
	if (!r)
		r = set(fs, "upperdir", "upper");
	if (!r)
		r = set(fs, "workdir", "work");
	if (!r && fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0))
		r = -errno;
	if (!r)
		r = tree = create(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return r < 0 ? r : attach(tree, ROOT_FOLDER);
}

/*
 * What root cloned has to be mounted before an overlay may take it; what we open ourselves is
 * mounted already.  An overlay wants no mounts below its folder that it could not show.
 */
static int open_lower(struct build *b)
{
	int fd;

	if (b->root_tree >= 0) {
		int r = make_folder("lower", 0755);

		if (!r)
			r = attach(b->root_tree, "lower");
		if (r)
			return r;
	}
	fd = open(b->root_tree >= 0 ? "lower" : b->spec->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make_root(struct build *b, int lower)
{
	const char *root = b->spec->root_mount >= 0 ? "a prepared root" : b->spec->root;
	int r;

	step_at(b, STEP_ROOT, root);
	if (!root)
		return show_host(b);
	r = make_folder(ROOT_FOLDER, 0755);
	if (!r)
		r = b->spec->root_mount >= 0 ? attach(b->spec->root_mount, ROOT_FOLDER)
					     : overlay(lower);
	return r;
}

static int make_devices(struct build *b)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" },
		{ "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" },
		{ "/tmp", "dev/shm" },
	};
	char from[32];
	int r = 0;

	step_at(b, STEP_DEVICES, "dev");
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]) && !r; i++) {
		snprintf(from, sizeof(from), "/dev/%s", devices[i]);
		b->what = devices[i];
		r = make_file(from + 1);
		if (!r)
			r = bind(from, from + 1);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && !r; i++)
		r = symlink(links[i][0], links[i][1]) ? -errno : 0;
	return r;
}

/* Read-only as a whole: nothing in it that a job may write needs to be written as a file. */
static int make_proc(struct build *b)
{
	CLEANUP(closep) int fs = fsopen("proc", FSOPEN_CLOEXEC);
	CLEANUP(closep) int tree = -1;
	char path[64];
	int r;

	step_at(b, STEP_PROC, NULL);
	if (fs < 0)
		return -errno;
	/* Hides what one may not look into: us, whose command line is the host's business. */
	r = set(fs, "hidepid", "invisible");
	if (r)
		return r;
	tree = create(fs,
		      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (tree < 0)
		return tree;
	r = attach(tree, "proc");
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]) && !r; i++) {
		snprintf(path, sizeof(path), "proc/%s", masked[i]);
		r = bind("dev/null", path);
		r = r == -ENOENT ? 0 : r;
	}
	/* They become one empty folder, which is removed: there nothing can be made. */
	if (!r)
		r = make_folder("dev/.empty", 0555);
	for (size_t i = 0; i < sizeof(masked_folders) / sizeof(masked_folders[0]) && !r; i++) {
		snprintf(path, sizeof(path), "proc/%s", masked_folders[i]);
		r = bind("dev/.empty", path);
		r = r == -ENOENT ? 0 : r;
	}
	return r ? r : rmdir("dev/.empty") ? -errno : 0;
}

/* From our tmpfs, where we stand, into the root that stands in it, or may be it. */
static int make_folders(struct build *b)
{
	bool own = has_own_root(b->spec);
	char place[64];
	int r = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !r; i++) {
		const char *name = folders[i].name;

		if (own && folders[i].only_host)
			continue;
		b->what = name;
		snprintf(place, sizeof(place), "%s%s", own ? ROOT_FOLDER "/" : "", name);
		r = make_folder(name, folders[i].mode);
		if (!r && own)
			r = make_folder(place, 0755);
		/* Bound to itself it stays writable when the root is not. */
		if (!r && (folders[i].writable || (own && folders[i].ours)))
			r = bind(name, place);
	}
	return r ? r : own && chdir(ROOT_FOLDER) ? -errno : 0;
}

static int pivot(struct build *b)
{
	step_at(b, STEP_PIVOT, NULL);
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		return -errno;
	return 0;
}

static int attach_volumes(struct build *b, const int *trees)
{
	for (size_t i = 0; i < b->spec->volume_count; i++) {
		const struct sandbox_volume *v = &b->spec->volumes[i];
		uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		int r;

		step_at(b, STEP_VOLUME, v->path);
		r = make_place(trees[i], v->path);
		if (!r)
			r = attach(trees[i], v->path);
		if (!r)
			r = restrict_mount(
				v->path, attributes | (v->read_only ? MOUNT_ATTR_RDONLY : 0), true);
		if (r)
			return r;
	}
	return 0;
}

/* Before the mounts of the host are out of reach. */
static int clone_volumes(struct build *b, int *trees)
{
	for (size_t i = 0; i < b->spec->volume_count; i++) {
		step_at(b, STEP_VOLUME, b->spec->volumes[i].source);
		trees[i] = b->volume_trees[i] >= 0 ? b->volume_trees[i]
						   : root_clone(b->spec->volumes[i].source, true);
		if (trees[i] < 0)
			return trees[i];
	}
	return 0;
}

static int fill(int to, const struct sandbox_file *file)
{
	const char *from = file->content;
	size_t left = file->size;
	ssize_t n = 1;

	while (file->fd >= 0 && n > 0)
		n = sendfile(to, file->fd, NULL, 1 << 20);
	while (file->fd < 0 && left && n > 0) {
		n = write(to, from, left);
		from += n;
		left -= (size_t)n;
	}
	return n < 0 ? -errno : 0;
}

static int put_files(struct build *b)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < b->spec->file_count; i++) {
		const struct sandbox_file *file = &b->spec->files[i];
		CLEANUP(closep) int fd = -1;
		int r;

		step_at(b, STEP_FILE, file->name);
		snprintf(path, sizeof(path), SANDBOX_FOLDER "/%s", file->name);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  file->executable ? 0755 : 0644);
		r = fd < 0 ? -errno : fill(fd, file);
		if (r)
			return r;
	}
	return 0;
}

/* In the tmpfs, which covers /tmp of the host: whatever is there was opened before. */
static int enter_tmpfs(struct build *b)
{
	CLEANUP(closep) int tree = -1;
	int r;

	step_at(b, STEP_TMPFS, NULL);
	tree = make_tmpfs(b->spec);
	if (tree < 0)
		return tree;
	r = attach(tree, "/tmp");
	if (r == -ENOENT || r == -ENOTDIR)
		r = attach(tree, "/");
	return r ? r : fchdir(tree) ? -errno : 0;
}

int root_build(struct build *b)
{
	int trees[SANDBOX_VOLUMES], lower = -1, r;

	umask(022);
	step_at(b, STEP_MOUNTS, NULL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	if (b->spec->root && b->spec->root_mount < 0 && b->root_tree < 0) {
		step_at(b, STEP_ROOT, b->spec->root);
		lower = open_lower(b);
		if (lower < 0)
			return lower;
	}
	r = clone_volumes(b, trees);
	if (r)
		return r;
	r = enter_tmpfs(b);
	if (!r && b->root_tree >= 0) {
		step_at(b, STEP_ROOT, b->spec->root);
		lower = open_lower(b);
		r = lower < 0 ? lower : 0;
	}
	if (!r)
		r = make_root(b, lower);
	if (!r)
		r = make_folders(b);
	if (!r)
		r = make_devices(b);
	if (!r)
		r = make_proc(b);
	if (!r)
		r = pivot(b);
	if (!r)
		r = attach_volumes(b, trees);
	if (!r)
		r = put_files(b);
	if (!r && !has_own_root(b->spec)) /* else it is an overlay, and the job's to change */
		r = restrict_mount("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
				   false);
	if (!r && has_own_root(b->spec))
		r = restrict_mount("/dev", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, false);
	return r;
}
