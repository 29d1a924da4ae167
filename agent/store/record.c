/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"
#include "agent/store/header.h"

enum { DAMAGED_MAX = 1000, NAME_SIZE = 128 };

/* Reads the whole file; more than fits is damage, as nobody wrote so much. */
static ssize_t read_file(int folder, const char *name, uint8_t *bytes, size_t size)
{
	/* O_NONBLOCK: a FIFO in its place must not stop us. */
	CLEANUP(closep)
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	size_t have = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	for (;;) {
		ssize_t n = read(fd, bytes + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)have;
		have += (size_t)n;
		if (have == size)
			return -EBADMSG;
	}
}

/* Gives the file the first free name that says what it is; a lost rename loses nothing. */
static int set_aside(int folder, const char *name, char ret[NAME_SIZE])
{
	for (int i = 1; i <= DAMAGED_MAX; i++) {
		snprintf(ret, NAME_SIZE, "%s.damaged-%d", name, i);
		if (renameat2(folder, name, folder, ret, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int damaged(int folder, const struct record_kind *kind, char why[STORE_WHY])
{
	char aside[NAME_SIZE];
	int r = set_aside(folder, kind->file, aside);

	if (r < 0) {
		snprintf(why, STORE_WHY, "%s is damaged and cannot be set aside (%s): move it away",
			 kind->file, strerror(-r));
		return r;
	}
	snprintf(why, STORE_WHY, "%s is damaged: set aside as %s, starting afresh", kind->file,
		 aside);
	return -EBADMSG;
}

/* Brings the payload from its version up to ours. */
static int migrate(const struct record_kind *kind, uint32_t version, uint8_t *payload,
		   size_t *length)
{
	for (; version < kind->version; version++) {
		record_step step = kind->steps ? kind->steps[version] : NULL;
		int r = step ? step(payload, length) : -EBADMSG;

		if (r < 0)
			return r;
	}
	return 0;
}

ssize_t record_load(int folder, const struct record_kind *kind, void *ret, size_t size,
		    char why[STORE_WHY])
{
	const size_t room = HEADER_SIZE + RECORD_MAX + 1;
	CLEANUP(freep) uint8_t *bytes = malloc(room);
	struct header h;
	size_t length;
	ssize_t n;

	why[0] = 0;
	if (!bytes) {
		snprintf(why, STORE_WHY, "%s cannot be read: %s", kind->file, strerror(ENOMEM));
		return -ENOMEM;
	}
	n = read_file(folder, kind->file, bytes, room);
	if (n == -ENOENT)
		return n;
	if (n < 0 && n != -EBADMSG) {
		snprintf(why, STORE_WHY, "%s cannot be read: %s", kind->file, strerror((int)-n));
		return n;
	}
	if (n < 0 || header_decode(&h, bytes, (size_t)n) < 0 || h.kind != kind->number)
		return damaged(folder, kind, why);
	/* Before the payload is judged: what a newer one put there is not ours to set aside. */
	if (h.version > kind->version) {
		snprintf(why, STORE_WHY,
			 "%s was written by a newer Fairlead (version %u, this one knows %u): "
			 "upgrade or move the file away",
			 kind->file, h.version, kind->version);
		return -EPROTONOSUPPORT;
	}
	length = (size_t)n - HEADER_SIZE;
	if (header_check(bytes, (size_t)n) < 0 ||
	    migrate(kind, h.version, bytes + HEADER_SIZE, &length) < 0 || length > size)
		return damaged(folder, kind, why);
	memcpy(ret, bytes + HEADER_SIZE, length);
	return (ssize_t)length;
}

static int write_all(int fd, const void *bytes, size_t length)
{
	for (const uint8_t *at = bytes; length;) {
		ssize_t n = write(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

/* A whole new file under a name of its own, on the disk when this returns 0. */
static int write_file(int folder, const char *name, const struct record_kind *kind,
		      const void *payload, size_t length)
{
	CLEANUP(closep) int fd = -1;
	uint8_t header[HEADER_SIZE];
	int r;

	header_encode(header, &(struct header){ kind->number, kind->version }, payload, length);
	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT) /* left by a crash */
		return -errno;
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, header, sizeof(header));
	if (r == 0)
		r = write_all(fd, payload, length);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

int record_save(int folder, const struct record_kind *kind, const void *payload, size_t length,
		char why[STORE_WHY])
{
	char name[NAME_SIZE];
	int r = length > RECORD_MAX ? -EFBIG : 0;

	why[0] = 0;
	snprintf(name, sizeof(name), ".%s.new", kind->file);
	if (r == 0)
		r = write_file(folder, name, kind, payload, length);
	if (r == 0 && renameat(folder, name, folder, kind->file) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(folder, name, 0);
		snprintf(why, STORE_WHY, "%s cannot be written: %s", kind->file, strerror(-r));
		return r;
	}
	if (fsync(folder) < 0) { /* the new one is there, but may not survive a power cut */
		r = -errno;
		snprintf(why, STORE_WHY, "%s may not be on the disk: %s", kind->file, strerror(-r));
	}
	return r;
}
