/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/steps.h"

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

int files_put(struct build *b)
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
