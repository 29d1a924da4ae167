/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

#define OFTEN_MAX 32

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

/* Of the kernel: nobody puts another one in its place. */
static bool is_fixed(const char *path)
{
	return !strncmp(path, "/proc/", 6) || !strncmp(path, "/sys/", 5);
}

static int open_often(const char *path)
{
	size_t i = 0;

	while (i < often_count && strcmp(often[i].path, path))
		i++;
	if (i < often_count)
		return often[i].fd;
	if (i == OFTEN_MAX || !is_fixed(path))
		return -1;
	often[i].fd = open(path, O_RDONLY | O_CLOEXEC);
	often[i].path = often[i].fd < 0 ? NULL : strdup(path);
	if (!often[i].path) {
		closep(&often[i].fd);
		return -1;
	}
	often_count++;
	return often[i].fd;
}

ssize_t fs_read_often(const char *path, char *buffer, size_t size)
{
	int fd = open_often(path);

	return fd < 0 ? fs_read(path, buffer, size) : read_whole(fd, buffer, size);
}
