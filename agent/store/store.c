/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store/store.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/base/cleanup.h"
#include "agent/store/record.h"

struct store {
	int folder;
};

/* Version 1 of node.state. */
struct node_payload {
	char boot_id[40]; /* NUL-filled */
	uint64_t starts;  /* little endian */
	uint8_t clean;    /* 0 or 1 */
	uint8_t zero[7];
};
_Static_assert(sizeof(struct node_payload) == 56, "what lies on disk must have no padding");

static const struct record_kind node_kind = { .file = "node.state", .number = 1, .version = 1 };

int store_open(struct store **ret, const char *dir, char why[STORE_WHY])
{
	CLEANUP(closep) int folder = folder_open(dir, geteuid(), why);
	struct store *s;

	if (folder < 0)
		return folder;
	if (flock(folder, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		snprintf(why, STORE_WHY, "%s is in use: give this agent another --state-dir", dir);
		return -EBUSY;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		snprintf(why, STORE_WHY, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	s->folder = TAKE_FD(folder);
	*ret = s;
	return 0;
}

struct store *store_free(struct store *s)
{
	if (s)
		close(s->folder);
	free(s);
	return NULL;
}

void store_freep(struct store **s)
{
	*s = store_free(*s);
}

static int look(int folder)
{
	struct statvfs fs;

	if (fstatvfs(folder, &fs))
		return -errno;
	if (fs.f_flag & ST_RDONLY)
		return -EROFS;
	if (faccessat(folder, ".", W_OK | X_OK, AT_EACCESS))
		return -errno;
	/* Some filesystems count neither, and say 0 of 0. */
	return (fs.f_blocks && !fs.f_bavail) || (fs.f_files && !fs.f_favail) ? -ENOSPC : 0;
}

int store_look(const struct store *s, char why[STORE_WHY])
{
	int r = look(s->folder);

	if (r)
		snprintf(why, STORE_WHY, "takes nothing now: %s", strerror(-r));
	return r;
}

int store_dump(struct store *s, const char *file, const char *const *lines, char why[STORE_WHY])
{
	/* No link is followed, and a FIFO does not hold us. */
	CLEANUP(closep)
	int fd = openat(s->folder, file,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	CLEANUP(fclosep) FILE *out = NULL;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && !S_ISREG(st.st_mode)) {
		snprintf(why, STORE_WHY, "%s is no plain file: move it away", file);
		return -EINVAL;
	}
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (out)
		fd = -1; /* the stream's now */
	for (; out && *lines; lines++)
		fprintf(out, "%s\n", *lines);
	if (!out || fflush(out) || ferror(out)) {
		int r = -errno;

		snprintf(why, STORE_WHY, "%s cannot be written: %s", file, strerror(-r));
		return r;
	}
	return 0;
}

int node_record_load(struct store *s, struct node_record *ret, char why[STORE_WHY])
{
	struct node_payload p;
	ssize_t n = record_load(s->folder, &node_kind, &p, sizeof(p), why);

	if (n < 0)
		return (int)n;
	if (n != sizeof(p)) { /* its CRC is right: only a bug of ours can have written it */
		snprintf(why, STORE_WHY, "%s has a wrong length: move it away", node_kind.file);
		return -EINVAL;
	}
	*ret = (struct node_record){ .clean = p.clean == 1, .starts = le64toh(p.starts) };
	memcpy(ret->boot_id, p.boot_id, sizeof(ret->boot_id) - 1); /* the NUL is there */
	return 0;
}

int node_record_save(struct store *s, const struct node_record *r, char why[STORE_WHY])
{
	struct node_payload p = { .starts = htole64(r->starts), .clean = r->clean };

	memcpy(p.boot_id, r->boot_id, strnlen(r->boot_id, sizeof(r->boot_id)));
	return record_save(s->folder, &node_kind, &p, sizeof(p), why);
}

struct node_record node_record_next(const struct node_record *before, const char *boot_id,
				    enum last_run *ret_last)
{
	struct node_record next = { .starts = before ? before->starts + 1 : 1 };

	snprintf(next.boot_id, sizeof(next.boot_id), "%s", boot_id);
	if (!before)
		*ret_last = LAST_NONE;
	else if (before->clean)
		*ret_last = LAST_CLEAN;
	else if (strcmp(before->boot_id, next.boot_id) == 0)
		*ret_last = LAST_KILLED;
	else
		*ret_last = LAST_NODE_DOWN;
	return next;
}
