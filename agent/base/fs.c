/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

ssize_t fs_read(const char *path, char *buffer, size_t size)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (have < size - 1 && (n = read(fd, buffer + have, size - 1 - have)) != 0) {
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
