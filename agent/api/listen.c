/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent/base/cleanup.h"

#define BACKLOG 64

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
	CLEANUP(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(path) ? -errno : 0;
}

/* Held for the agent's life: of two that start at once, one gets it. */
static int take_lock(const char *path)
{
	CLEANUP(closep) int fd = -1;
	char name[128];

	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
	return TAKE_FD(fd);
}

static int open_listener(struct listener *ret, const char *path, uid_t uid, gid_t gid)
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
	*ret = (struct listener){ .fd = TAKE_FD(fd), .lock = TAKE_FD(lock) };
	snprintf(ret->path, sizeof(ret->path), "%s", path);
	return 0;
}

int listener_open(struct listener *ret, const char *path, uid_t uid, gid_t gid, char *why,
		  size_t size)
{
	int r = open_listener(ret, path, uid, gid);

	switch (-r) {
	case 0:
		break;
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
	return r;
}

void listener_close(struct listener *l)
{
	if (l->fd >= 0) {
		close(l->fd);
		(void)unlink(l->path); /* in a folder of root's it stays, stale, for the next */
	}
	if (l->lock >= 0)
		close(l->lock);
	l->fd = l->lock = -1;
}
