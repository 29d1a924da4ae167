/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as a file: opened so that nothing can hold us, read whole, bounded. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"
#include "agent/config/config.h"
#include "agent/config/yaml.h"

static int __attribute__((format(printf, 3, 4))) refuse(struct config_error *e, int result,
							const char *format, ...)
{
	va_list args;

	e->line = e->column = 1;
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return result;
}

static int check_kind(int fd, struct config_error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse(e, -errno, "cannot be looked at: %s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return refuse(e, -EINVAL, "is a folder: name the file in it");
	if (!S_ISREG(st.st_mode))
		return refuse(e, -EINVAL,
			      "is a pipe, socket or device: put the settings in a plain file");
	if (st.st_size > CONFIG_MAX_BYTES)
		return refuse(e, -EINVAL,
			      "has %lld bytes, more than the 1 MiB that is read: is it "
			      "the right file?",
			      (long long)st.st_size);
	return 0;
}

/* One byte more than may be, so that a file that grew since it was looked at is seen. */
static int read_whole(int fd, char *buffer, size_t *ret, struct config_error *e)
{
	size_t length = 0;

	while (length <= CONFIG_MAX_BYTES) {
		ssize_t n = pread(fd, buffer + length, CONFIG_MAX_BYTES + 1 - length, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(e, -errno, "cannot be read: %s", strerror(errno));
		if (n == 0) {
			*ret = length;
			return 0;
		}
		length += n;
	}
	return refuse(e, -EINVAL, "has more than the 1 MiB that is read: is it the right file?");
}

int config_read(int fd, struct config *c, struct config_error *e)
{
	CLEANUP(freep) char *buffer = NULL;
	struct config copy = *c;
	size_t length = 0;
	int r = check_kind(fd, e);

	if (r)
		return r;
	buffer = malloc(CONFIG_MAX_BYTES + 1); /* untouched pages of it cost nothing */
	if (!buffer)
		return refuse(e, -ENOMEM, "out of memory: give the agent more");
	r = read_whole(fd, buffer, &length, e);
	if (!r)
		r = yaml_fill(buffer, length, config_options(), &copy, copy.origins, e);
	if (!r)
		*c = copy;
	return r;
}

int config_load(const char *path, struct config *c, struct config_error *e)
{
	CLEANUP(closep) int fd = -1;
	bool named = path && *path;
	struct config copy = *c;
	int r = 0;

	fd = open(named ? path : CONFIG_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && (named || errno != ENOENT))
		return refuse(e, -errno, "cannot be opened: %s: %s", strerror(errno),
			      errno == EACCES ? "let the agent's user read it" : "check the path");
	if (fd >= 0)
		r = config_read(fd, &copy, e);
	if (!r)
		r = config_validate(&copy, e);
	if (!r)
		*c = copy;
	return r;
}
