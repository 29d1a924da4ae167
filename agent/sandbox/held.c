/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/spec.h"
#include "agent/sandbox/steps.h"
#include "agent/wire/message.h"
#include "agent/wire/pack.h"
#include "agent/wire/slot.h"

/* The bytes of a pack, which stay mapped or allocated for good. */
struct payload {
	const char *bytes;
	size_t size;
};

static int receive_inline(int socket, size_t size, struct payload *ret)
{
	char *bytes = malloc(size);
	int fds[MESSAGE_FDS];
	size_t count;
	ssize_t n;

	if (!bytes)
		return -ENOMEM;
	n = message_receive(socket, bytes, size, fds, &count, 0);
	message_close_fds(fds, count);
	*ret = (struct payload){ bytes, size };
	return n <= 0 ? (n ? (int)n : -EPIPE) : (size_t)n == size ? 0 : -EPROTO;
}

/* Sealed, so that it stays as long as it was found to be. */
static int map(int fd, struct payload *ret)
{
	const int sealed = F_SEAL_SHRINK | F_SEAL_WRITE;
	struct stat is;
	void *bytes;

	if ((fcntl(fd, F_GET_SEALS) & sealed) != sealed || fstat(fd, &is) || is.st_size <= 0)
		return -EPROTO;
	bytes = mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	*ret = (struct payload){ bytes, (size_t)is.st_size };
	return 0;
}

static int receive(int socket, int fds[MESSAGE_FDS], struct payload *ret)
{
	struct slot_job job;
	size_t count;
	ssize_t n = message_receive(socket, &job, sizeof(job), fds, &count, 0);

	if (n <= 0)
		return n ? (int)n : -EPIPE;
	if (n != sizeof(job) || job.magic != SLOT_MAGIC || job.version != SLOT_VERSION ||
	    job.size > SLOT_INLINE || count != (job.size ? SLOT_FDS - 1 : SLOT_FDS))
		return -EPROTO;
	return job.size ? receive_inline(socket, job.size, ret) : map(fds[SLOT_FDS - 1], ret);
}

static char *text_of(const struct pack_record *r)
{
	return memchr(r->bytes, 0, r->size) ? NULL : strndup(r->bytes, r->size);
}

/* Lists that end with NULL, and files, as long as the records that they are made from. */
struct lists {
	char **words, **environment;
	size_t word_count, environment_count, file_count;
	struct sandbox_file *files;
};

static bool add_text(char **list, size_t *count, const struct pack_record *r)
{
	return (list[(*count)++] = text_of(r)) != NULL;
}

static bool add_file(struct lists *l, const struct pack_record *r)
{
	char *name = text_of(r);

	if (!name || !*name || strchr(name, '/') || l->file_count == SANDBOX_FILES)
		return false;
	l->files[l->file_count++] = (struct sandbox_file){ .name = name, .fd = -1 };
	return true;
}

static bool add(struct lists *l, const struct pack_record *r)
{
	struct sandbox_file *file = l->file_count ? &l->files[l->file_count - 1] : NULL;

	switch (r->kind) {
	case PACK_WORD:
		return add_text(l->words, &l->word_count, r);
	case PACK_ENVIRONMENT:
		return add_text(l->environment, &l->environment_count, r);
	case PACK_FILE:
	case PACK_CODE_NAME:
		return add_file(l, r);
	case PACK_EXECUTABLE:
		if (file)
			file->executable = true;
		return file != NULL;
	case PACK_CONTENT:
	case PACK_CODE:
		if (file) {
			file->content = r->bytes;
			file->size = r->size;
		}
		return file != NULL;
	}
	return false;
}

static int lay_out(const struct payload *p, struct sandbox_spec *spec)
{
	struct lists l = { 0 };
	struct pack_record record;
	size_t at = 0, records = 0;
	int r;

	while ((r = pack_next(p->bytes, p->size, &at, &record)) > 0)
		records++;
	if (r)
		return r;
	l.words = calloc(records + 1, sizeof(char *));
	l.environment = calloc(records + 1, sizeof(char *));
	l.files = calloc(SANDBOX_FILES, sizeof(*l.files));
	if (!l.words || !l.environment || !l.files)
		return -ENOMEM;
	for (at = 0; pack_next(p->bytes, p->size, &at, &record) > 0;)
		if (!add(&l, &record))
			return -EPROTO;
	if (!l.word_count)
		return -EPROTO;
	spec->argv = l.words;
	spec->env = l.environment;
	spec->files = l.files;
	spec->file_count = l.file_count;
	return 0;
}

int held_await(int socket, struct sandbox_spec *spec)
{
	struct payload payload = { 0 };
	int fds[MESSAGE_FDS], r = receive(socket, fds, &payload);

	if (r)
		return r;
	spec->in = fds[0];
	spec->out = fds[1];
	spec->err = fds[2];
	return lay_out(&payload, spec);
}

int held_tell(int socket, int state, const struct sandbox_report *report)
{
	struct slot_report say = { .magic = SLOT_MAGIC,
				   .version = SLOT_VERSION,
				   .state = state,
				   .error = report->error,
				   .step = report->step,
				   .status = report->status,
				   .user_ns = report->user_ns,
				   .system_ns = report->system_ns,
				   .peak_bytes = report->peak_bytes };

	memcpy(say.what, report->what, sizeof(say.what));
	return message_send(socket, &say, sizeof(say), NULL, 0, 0);
}
