/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

#define OPEN_MAX 32 /* the node's are 20; any more are opened each time */

struct fs_machine {
	char *root; /* owned */
	struct {
		char *path; /* owned */
		int fd;
	} open[OPEN_MAX];
	size_t count;
};

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

int fs_machine_new(struct fs_machine **ret, const char *root)
{
	CLEANUP(fs_machine_freep) struct fs_machine *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->root = strdup(root);
	if (!m->root)
		return -ENOMEM;
	*ret = TAKE(m);
	return 0;
}

static void forget(struct fs_machine *m, size_t i)
{
	close(m->open[i].fd);
	free(m->open[i].path);
	m->open[i] = m->open[--m->count];
}

struct fs_machine *fs_machine_free(struct fs_machine *m)
{
	while (m && m->count)
		forget(m, m->count - 1);
	if (m)
		free(m->root);
	free(m);
	return NULL;
}

void fs_machine_freep(struct fs_machine **m)
{
	*m = fs_machine_free(*m);
}

const char *fs_machine_root(const struct fs_machine *m)
{
	return m->root;
}

/* One that failed: what it tells of went, and may be there again. */
static void forget_descriptor(struct fs_machine *m, int fd)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->open[i].fd == fd)
			forget(m, i);
}

/* It stays open.  -errno; -EMFILE: no more of them can. */
static int descriptor_of(struct fs_machine *m, const char *path)
{
	CLEANUP(closep) int fd = -1;
	CLEANUP(freep) char *copy = NULL;

	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->open[i].path, path))
			return m->open[i].fd;
	if (m->count == OPEN_MAX)
		return -EMFILE;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	copy = strdup(path);
	if (!copy)
		return -EMFILE;
	m->open[m->count].path = TAKE(copy);
	m->open[m->count].fd = TAKE_FD(fd);
	return m->open[m->count++].fd;
}

ssize_t fs_machine_read(struct fs_machine *m, const char *path, char *buffer, size_t size)
{
	char whole[PATH_MAX];
	ssize_t n = -EMFILE;
	int fd;

	if (snprintf(whole, sizeof(whole), "%s%s", m->root, path) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	if (*m->root) /* its files may be replaced, which the kernel's are not */
		return fs_read(whole, buffer, size);
	fd = descriptor_of(m, path);
	if (fd < 0 && fd != -EMFILE)
		return fd;
	if (fd >= 0)
		n = read_whole(fd, buffer, size);
	if (fd >= 0 && n < 0)
		forget_descriptor(m, fd);
	return n < 0 ? fs_read(path, buffer, size) : n;
}

ssize_t fs_machine_read_once(const struct fs_machine *m, const char *path, char *buffer,
			     size_t size)
{
	char whole[PATH_MAX];

	if (snprintf(whole, sizeof(whole), "%s%s", m->root, path) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	return fs_read(whole, buffer, size);
}
