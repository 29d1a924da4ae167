/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/base64.h"
#include "agent/sandbox/place.h"

bool parse_refuse(struct parse *p, const char *format, ...)
{
	va_list args;

	if (p->error || p->reader.wrong)
		return false;
	p->error = -EINVAL;
	va_start(args, format);
	vsnprintf(p->why, p->n, format, args);
	va_end(args);
	return false;
}

struct shown parse_show(const char *text)
{
	struct shown s;
	size_t i;

	for (i = 0; i < sizeof(s.text) - 1 && text[i]; i++)
		s.text[i] = (char)(isprint((unsigned char)text[i]) ? text[i] : '?');
	s.text[i] = '\0';
	return s;
}

/* --- values of one type --- */

bool parse_expect(struct parse *p, enum reader_kind kind, const char *called)
{
	return reader_next(&p->reader) == kind ||
	       parse_refuse(p, "'%s' must be %s", p->key, called);
}

bool parse_bytes(struct parse *p, struct job_bytes *ret)
{
	char *text;

	if (!parse_expect(p, READER_TEXT, "a text") || !reader_text(&p->reader, &text, &ret->size))
		return false;
	ret->bytes = text;
	return true;
}

bool parse_word(struct parse *p, const char *called, size_t most, char **ret)
{
	size_t size;

	if (!parse_expect(p, READER_TEXT, called) || !reader_text(&p->reader, ret, &size))
		return false;
	if (strlen(*ret) != size)
		return parse_refuse(p, "'%s' has a NUL byte in it: leave it out", p->key);
	if (size > most)
		return parse_refuse(p, "'%s' has %zu bytes in one word: %zu are the most", p->key,
				    size, most);
	return true;
}

bool parse_base64(struct parse *p, struct job_bytes *ret)
{
	ssize_t size;

	if (!parse_bytes(p, ret))
		return false;
	size = base64_read((char *)ret->bytes, ret->bytes, ret->size);
	if (size < 0)
		return parse_refuse(
			p, "'%s' is no base64: write it with its padding and without line breaks",
			p->key);
	((char *)ret->bytes)[size] = '\0';
	ret->size = (size_t)size;
	return true;
}

static bool is_file_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool parse_file_name(struct parse *p, const char **ret)
{
	char *name;

	if (!parse_word(p, "a name", JOB_NAME_BYTES, &name))
		return false;
	*ret = name;
	return is_file_name(name) ||
	       parse_refuse(p, "'%s' cannot be '%s': give a name without a slash", p->key,
			    parse_show(name).text);
}

bool parse_absolute(struct parse *p, const char **ret)
{
	char *path;

	if (!parse_word(p, "a path", JOB_PATH_BYTES, &path))
		return false;
	*ret = path;
	return *path == '/' || parse_refuse(p, "'%s' cannot be '%s': the path must begin with /",
					    p->key, parse_show(path).text);
}

/* --- keys of objects within --- */

bool parse_first_time(struct parse *p, uint64_t *seen, size_t row)
{
	if (*seen >> row & 1)
		return parse_refuse(p, "'%s' is given twice: leave one out", p->key);
	*seen |= 1ull << row;
	return true;
}

/* The key that comes, by its place in names, of which NULL is the last; -1: none of them. */
static int which_key(struct parse *p, const char *of, const char *const *names, uint64_t *seen)
{
	char *name;
	size_t size;

	if (!reader_key(&p->reader, &name, &size))
		return -1;
	for (int i = 0; names[i]; i++)
		if (strlen(name) == size && !strcmp(name, names[i])) {
			p->key = names[i];
			return parse_first_time(p, seen, (size_t)i) ? i : -1;
		}
	parse_refuse(p, "'%s' has no key '%s'", of, parse_show(name).text);
	return -1;
}

enum { FILE_NAME, FILE_CONTENT, FILE_BASE64, FILE_EXECUTABLE };

static bool take_file_key(struct parse *p, struct job_file *f, uint64_t *seen)
{
	static const char *const names[] = { "name", "content", "content_base64", "executable",
					     NULL };

	switch (which_key(p, "files", names, seen)) {
	case FILE_NAME:
		return parse_file_name(p, &f->name);
	case FILE_CONTENT:
		return parse_bytes(p, &f->content);
	case FILE_BASE64:
		return parse_base64(p, &f->content);
	case FILE_EXECUTABLE:
		return parse_expect(p, READER_BOOL, "true or false") &&
		       reader_bool(&p->reader, &f->executable);
	default:
		return false;
	}
}

bool parse_file(struct parse *p)
{
	struct job_request *q = p->request;
	struct job_file *f = &q->files[q->file_count];
	uint64_t seen = 0;

	if (q->file_count == JOB_FILES)
		return parse_refuse(
			p, "'files' has more than %d: put them into an archive, or a volume",
			JOB_FILES);
	if (!parse_expect(p, READER_OBJECT, "a list of objects"))
		return false;
	reader_enter(&p->reader, READER_OBJECT);
	while (reader_more(&p->reader, READER_OBJECT))
		if (!take_file_key(p, f, &seen))
			return false;
	p->key = "files";
	if (!f->name)
		return parse_refuse(p, "'files' has one without a name: give it 'name'");
	if ((seen >> FILE_CONTENT & 1) == (seen >> FILE_BASE64 & 1))
		return parse_refuse(p,
				    "'files' needs either 'content' or 'content_base64' for '%s'",
				    parse_show(f->name).text);
	for (size_t i = 0; i < q->file_count; i++)
		if (!strcmp(q->files[i].name, f->name))
			return parse_refuse(p, "'files' has '%s' twice: rename one",
					    parse_show(f->name).text);
	q->file_count++;
	return true;
}

enum { VOLUME_SOURCE, VOLUME_PATH, VOLUME_READ_ONLY };

static bool take_volume_key(struct parse *p, struct sandbox_volume *v, uint64_t *seen)
{
	static const char *const names[] = { "source", "path", "read_only", NULL };

	switch (which_key(p, "volumes", names, seen)) {
	case VOLUME_SOURCE:
		return parse_absolute(p, &v->source);
	case VOLUME_PATH:
		return parse_absolute(p, &v->path);
	case VOLUME_READ_ONLY:
		return parse_expect(p, READER_BOOL, "true or false") &&
		       reader_bool(&p->reader, &v->read_only);
	default:
		return false;
	}
}

bool parse_volume(struct parse *p)
{
	struct job_request *q = p->request;
	struct sandbox_volume *v = &q->volumes[q->volume_count];
	uint64_t seen = 0;

	if (q->volume_count == SANDBOX_VOLUMES)
		return parse_refuse(p,
				    "'volumes' has more than %d: put a folder above some of them",
				    SANDBOX_VOLUMES);
	if (!parse_expect(p, READER_OBJECT, "a list of objects"))
		return false;
	reader_enter(&p->reader, READER_OBJECT);
	while (reader_more(&p->reader, READER_OBJECT))
		if (!take_volume_key(p, v, &seen))
			return false;
	p->key = "volumes";
	if (!v->source || !v->path)
		return parse_refuse(p,
				    "'volumes' has one without 'source' or 'path': give it both");
	if (!sandbox_is_place(v->path))
		return parse_refuse(
			p,
			"'path' cannot be '%s': it must lie below / and outside of /proc "
			"and /dev",
			parse_show(v->path).text);
	q->volume_count++;
	return true;
}
