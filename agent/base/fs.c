/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

#define OFTEN_MAX 32 /* the node's are 20; any more are opened each time */

static struct {
	char *path;
	int fd;
} often[OFTEN_MAX];
static size_t often_count;

static ssize_t read_whole(int fd, char *buffer, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size - 1 && (n = pread(fd, buffer + have, size - 1 - have, (off_t)have))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
	}
	if (have && buffer[have - 1] == '\n')
		have--;
	buffer[have] = '\0';
	return (ssize_t)have;
}

ssize_t fs_read(const char *path, char *buffer, size_t size)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_whole(fd, buffer, size);
}

/* Of the kernel, where a file is rarely replaced by another one. */
static bool is_kernels(const char *path)
{
	return !strncmp(path, "/proc/", 6) || !strncmp(path, "/sys/", 5);
}

static size_t find(const char *path)
{
	size_t i = 0;

	while (i < often_count && strcmp(often[i].path, path))
		i++;
	return i;
}

static void forget(size_t i)
{
	close(often[i].fd);
	free(often[i].path);
	often[i] = often[--often_count];
}

/* Its descriptor, which stays open, or -errno; -EMFILE: no more of them can. */
static int open_often(const char *path)
{
	size_t i = find(path);
	CLEANUP(closep) int fd = -1;

	if (i < often_count)
		return often[i].fd;
	if (i == OFTEN_MAX)
		return -EMFILE;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	often[i].path = strdup(path);
	if (!often[i].path)
		return -EMFILE;
	often_count++;
	return often[i].fd = TAKE_FD(fd);
}

ssize_t fs_read_often(const char *path, char *buffer, size_t size)
{
	int fd = is_kernels(path) ? open_often(path) : -EMFILE;
	ssize_t n;

	if (fd < 0)
		return fd == -EMFILE ? fs_read(path, buffer, size) : fd;
	n = read_whole(fd, buffer, size);
	if (n >= 0)
		return n;
	forget(find(path)); /* its device went, and may be there again */
	return fs_read(path, buffer, size);
}
