/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/mounts.h"
#include "agent/sandbox/steps.h"

static int asked(int fd, int option)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) ? -1 : value;
}

/*
 * A socket belongs for good to the network that it was made in, which is not the job's.  One
 * that may be connected anew reaches all there is in it: datagrams do, and a TCP connection
 * that is given up.  What remains is one end of a unix stream, which has its other end for good.
 */
static int check_socket(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	if (asked(fd, SO_DOMAIN) != AF_UNIX || asked(fd, SO_TYPE) == SOCK_DGRAM)
		return -EOPNOTSUPP;
	return getpeername(fd, (struct sockaddr *)&peer, &size) ? -EOPNOTSUPP : 0;
}

static int check(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat is;

	if (flags < 0 || fstat(fd, &is))
		return -errno;
	/* A folder is a way out: to its parent, and so on to the host's root. */
	if (S_ISDIR(is.st_mode))
		return -EISDIR;
	if (flags & O_PATH)
		return -EBADF;
	return S_ISSOCK(is.st_mode) ? check_socket(fd) : 0;
}

int streams_check(const struct sandbox_spec *spec)
{
	const int fds[] = { spec->in, spec->out, spec->err };
	int r = 0;

	for (int i = 0; i < 3 && !r; i++)
		r = check(fds[i]);
	return r;
}

/* The mount of a file that is handed in, as ours to change; or -1. */
static int mount_of(int fd)
{
	char link[32], path[PATH_MAX];
	struct stat is, has;
	ssize_t n;
	int tree;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0 || fstat(fd, &is))
		return -1;
	path[n] = '\0';
	tree = mount_clone(path, false);
	/* Since it was opened, another file may have come by its name. */
	if (tree >= 0 &&
	    (fstat(tree, &has) || has.st_dev != is.st_dev || has.st_ino != is.st_ino)) {
		close(tree);
		return -1;
	}
	return tree;
}

static int read_only_view(int fd)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.propagation = MS_PRIVATE,
	};
	CLEANUP(closep) int tree = mount_of(fd);
	CLEANUP(closep) int view = -1;
	char path[32];

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", tree);
	view = open(path, O_RDONLY | O_CLOEXEC);
	if (view < 0 || lseek(view, lseek(fd, 0, SEEK_CUR), SEEK_SET) < 0)
		return -1;
	return TAKE_FD(view);
}

void streams_narrow(struct build *b)
{
	const int fds[] = { b->spec->in, b->spec->out, b->spec->err };
	struct stat is;

	for (int i = 0; i < 3; i++)
		if (b->views[i] < 0 && fstat(fds[i], &is) == 0 && S_ISREG(is.st_mode) &&
		    (fcntl(fds[i], F_GETFL) & O_ACCMODE) == O_RDONLY)
			b->views[i] = read_only_view(fds[i]);
}
