/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"

static int explain(int error, const char *path, char why[STORE_WHY])
{
	struct stat st;

	/* O_DIRECTORY | O_NOFOLLOW gives -ENOTDIR for a link too; say which it is. */
	if (error == -ENOTDIR && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		error = -ELOOP;
	if (error == -ELOOP)
		snprintf(why, STORE_WHY, "%s is a symbolic link: name the folder itself", path);
	else if (error == -ENOTDIR)
		snprintf(why, STORE_WHY, "%s is not a folder: move it away", path);
	else if (error == -ENOENT)
		snprintf(why, STORE_WHY, "%s cannot be made: make the folder above it first", path);
	else
		snprintf(why, STORE_WHY, "%s cannot be used: %s", path, strerror(-error));
	return error;
}

static int open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int check(int fd, const char *path, uid_t uid, char why[STORE_WHY])
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return explain(-errno, path, why);
	if (st.st_uid != uid && st.st_uid != 0) {
		snprintf(why, STORE_WHY, "%s belongs to uid %u: chown it to uid %u", path,
			 st.st_uid, uid);
		return -EPERM;
	}
	if (st.st_mode & S_IWOTH) {
		snprintf(why, STORE_WHY, "%s may be written by everybody: chmod o-w it", path);
		return -EPERM;
	}
	return 0;
}

int folder_open(const char *path, uid_t uid, char why[STORE_WHY])
{
	CLEANUP(closep) int fd = open_folder(path);
	int r = fd < 0 ? explain(fd, path, why) : check(fd, path, uid, why);

	return r < 0 ? r : TAKE_FD(fd);
}

/* Only an empty folder changes hands: a state_dir of /etc must not become the agent's. */
static bool is_empty(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool empty = true;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while (empty && (entry = readdir(dir)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	closedir(dir);
	return empty;
}

int folder_make(const char *path, mode_t mode, uid_t uid, gid_t gid, char why[STORE_WHY])
{
	bool made = mkdir(path, 0700) == 0;
	CLEANUP(closep) int fd = -1;
	struct stat st;
	int r;

	if (!made && errno != EEXIST)
		return explain(-errno, path, why);
	fd = open_folder(path);
	if (fd < 0)
		return explain(fd, path, why);
	r = check(fd, path, uid, why);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return explain(-errno, path, why);
	if (made && fchmod(fd, mode) < 0) /* mkdir()'s mode would be cut by the umask */
		return explain(-errno, path, why);
	/* By descriptor: nobody can put another folder in its place meanwhile. */
	if (st.st_uid != uid && geteuid() == 0 && (made || is_empty(fd)) &&
	    fchown(fd, uid, gid) < 0)
		return explain(-errno, path, why);
	return TAKE_FD(fd);
}
