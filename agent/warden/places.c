/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/warden/places.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent/base/cleanup.h"
#include "agent/store/folder.h"

#define BACKLOG 256 /* a crowd outside of a full door */

static int address_of(struct sockaddr_un *ret, const char *path)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!*path || strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, strlen(path));
	return 0;
}

/* 0: nothing there, or nobody home. */
static int clear_stale(const char *path, const struct sockaddr_un *address)
{
	CLEANUP(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(path) ? -errno : 0;
}

/* Held for the agent's life: of two that start at once, one gets it. */
static int take_lock(const char *path)
{
	CLEANUP(closep) int fd = -1;
	struct stat st;
	char name[128];

	snprintf(name, sizeof(name), "%s.lock", path);
	/* It goes to the agent: nothing that could be written by it, and no link to such a thing. */
	fd = open(name, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return -EEXIST;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
	return TAKE_FD(fd);
}

/* Makes the socket's folder.  One that is there is left as somebody made it, but for our own
 * place, which a service manager makes for root. */
static void take_runtime_folder(const char *socket, uid_t uid, gid_t gid)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", socket);
	folder = dirname(copy);
	if (mkdir(folder, 0755) && strcmp(folder, PLACES_RUNTIME))
		return;
	(void)!lchown(folder, uid, gid); /* without CAP_CHOWN it must be so already */
}

static int open_listener(int fds[_PLACES_FD_MAX], const char *path, uid_t uid, gid_t gid)
{
	CLEANUP(closep) int fd = -1;
	CLEANUP(closep) int lock = -1;
	struct sockaddr_un address;
	mode_t mask;
	int r = address_of(&address, path);

	if (r)
		return r;
	lock = take_lock(path);
	if (lock < 0)
		return lock;
	r = clear_stale(path, &address);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0117); /* 0660 from its first moment */
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (r)
		return r;
	if (lchown(path, uid, gid) && errno != EPERM) /* without CAP_CHOWN it stays ours */
		return -errno;
	if (listen(fd, BACKLOG))
		return -errno;
	fds[PLACES_LISTENER] = TAKE_FD(fd);
	fds[PLACES_LOCK] = TAKE_FD(lock);
	return 0;
}

/*
 * Root without CAP_DAC_OVERRIDE is a stranger in the agent's folders, and what the agent's own
 * file rights make needs no CAP_CHOWN.
 */
static void borrow_file_rights(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
}

static void return_file_rights(void)
{
	setfsuid(geteuid());
	setfsgid(getegid());
}

/* Whether there is one the agent finds out for itself; it can do without. */
static void make_state_folder(const char *path, uid_t uid, gid_t gid)
{
	char why[STORE_WHY];
	int folder;

	borrow_file_rights(uid, gid);
	folder = folder_make(path, 0750, uid, gid, why);
	return_file_rights();
	if (folder < 0)
		folder = folder_make(path, 0750, uid, gid, why);
	if (folder >= 0)
		close(folder);
}

static void explain(int r, const char *path, char *why, size_t size)
{
	switch (-r) {
	case EADDRINUSE:
		snprintf(
			why, size,
			"another agent answers on %s: stop it, or choose another path with --socket",
			path);
		break;
	case EEXIST:
		snprintf(why, size, "%s is there and is no socket: move it away, or use --socket",
			 path);
		break;
	case ENOENT:
		snprintf(why, size, "no folder for %s: make it, or use --socket", path);
		break;
	case ENAMETOOLONG:
		snprintf(why, size, "a socket's path has 1 to 107 bytes: use a shorter --socket");
		break;
	default:
		snprintf(why, size, "cannot listen on %s: %s: choose another path with --socket",
			 path, strerror(-r));
	}
}

/* As places_take finds it; of the folders above only one is made. */
static int look(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path) + 1], above[sizeof(folder)];
	struct stat st;

	if (!lstat(path, &st))
		return S_ISSOCK(st.st_mode) ? 0 : -EEXIST;
	if (errno != ENOENT || path[strlen(path) - 1] == '/')
		return -errno;
	snprintf(above, sizeof(above), "%s", path);
	snprintf(folder, sizeof(folder), "%s", dirname(above));
	if (stat(folder, &st) && (errno != ENOENT || stat(dirname(folder), &st)))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int places_check(const char *path, char *why, size_t size)
{
	struct sockaddr_un address;
	int r = address_of(&address, path);

	if (!r)
		r = look(path);
	if (r)
		explain(r, path, why, size);
	return r;
}

int places_take(int fds[_PLACES_FD_MAX], const char *path, const char *state_dir, uid_t uid,
		gid_t gid, char *why, size_t size)
{
	int r;

	take_runtime_folder(path, uid, gid);
	r = open_listener(fds, path, uid, gid);
	if (r == -EACCES) {
		borrow_file_rights(uid, gid);
		r = open_listener(fds, path, uid, gid);
		return_file_rights();
	}
	if (r)
		explain(r, path, why, size);
	else
		make_state_folder(state_dir, uid, gid);
	return r;
}
