/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

int mount_clone(const char *path, bool below)
{
	int fd = open_tree(AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (below ? AT_RECURSIVE : 0));

	return fd < 0 ? -errno : fd;
}

int mount_attach(int tree, const char *path)
{
	return move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) ? -errno : 0;
}

/* What root cloned is still of one group with the host's mount: both would see the other's. */
int mount_restrict(const char *path, uint64_t attributes, bool below)
{
	struct mount_attr attr = { .attr_set = attributes, .propagation = MS_PRIVATE };

	return mount_setattr(AT_FDCWD, path, below ? AT_RECURSIVE : 0, &attr, sizeof(attr)) ? -errno
											    : 0;
}

int mount_bind(const char *from, const char *to)
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

int mount_new_tmpfs(uint64_t bytes, uint64_t inodes)
{
	CLEANUP(closep) int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	char size[32], files[32];
	int r;

	if (fs < 0)
		return -errno;
	snprintf(size, sizeof(size), "%" PRIu64, bytes);
	snprintf(files, sizeof(files), "%" PRIu64, inodes);
	r = set(fs, "size", size);
	if (!r)
		r = set(fs, "nr_inodes", files);
	if (!r)
		r = set(fs, "mode", "0755");
	return r ? r : create(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

int mount_new_overlay(const char *lower, const char *upper, const char *work)
{
	CLEANUP(closep) int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return -errno;
	r = set(fs, "lowerdir", lower);
	if (!r)
		r = set(fs, "upperdir", upper);
	if (!r)
		r = set(fs, "workdir", work);
	if (!r && fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0))
		r = -errno;
	return r ? r : create(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

int mount_new_proc(bool read_only)
{
	CLEANUP(closep) int fs = fsopen("proc", FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return -errno;
	/* Hides what one may not look into: us, whose command line is the host's business. */
	r = set(fs, "hidepid", "invisible");
	return r ? r
		 : create(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
				      (read_only ? MOUNT_ATTR_RDONLY : 0));
}

int place_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode))
		return errno == EEXIST ? 0 : -errno;
	return mode == 01777 && chmod(path, mode) ? -errno : 0; /* the umask had its part */
}

int place_file(const char *path)
{
	CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : 0;
}

int place_text(const char *path, const char *text)
{
	CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Every folder of a path, which is cut for a moment at each of its slashes. */
static int folders_to(char *path)
{
	int r = 0;

	for (char *slash = strchr(path + 1, '/'); slash && !r; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = place_folder(path, 0755);
		*slash = '/';
	}
	return r;
}

/* A folder or an empty file to mount on, as tree is one or the other. */
int place_for(int tree, const char *path)
{
	char copy[PATH_MAX];
	struct stat is;
	int r;

	if (fstat(tree, &is))
		return -errno;
	snprintf(copy, sizeof(copy), "%s", path);
	r = folders_to(copy);
	if (r)
		return r;
	return S_ISDIR(is.st_mode)  ? place_folder(path, 0755)
	       : access(path, F_OK) ? place_file(path)
				    : 0;
}
