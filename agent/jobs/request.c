/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/request.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/base64.h"
#include "agent/base/cleanup.h"
#include "agent/jobs/reader.h"
#include "agent/sandbox/place.h"

#define WEEK_SECONDS 604800.0

const char *const job_language_names[] = { "command", "python", "node", "java", "sh", "exec" };
_Static_assert(sizeof(job_language_names) / sizeof(char *) == _JOB_LANGUAGE_MAX, "a name each");
const char *const job_class_names[] = { "normal", "latency", "batch" };
_Static_assert(sizeof(job_class_names) / sizeof(char *) == _JOB_CLASS_MAX, "a name each");
static const char *const nets[] = { "none", "loopback" };
_Static_assert(sizeof(nets) / sizeof(char *) == _SANDBOX_NET_MAX, "a name each");
static const char *const profiles[] = { "default", "strict" };
_Static_assert(sizeof(profiles) / sizeof(char *) == _SANDBOX_PROFILE_MAX, "a name each");

/* What code of a language is called as a file; as fairlead run has it. */
static const char *const file_names[_JOB_LANGUAGE_MAX] = {
	[JOB_PYTHON] = "main.py", [JOB_NODE] = "main.js", [JOB_JAVA] = "Main.java",
	[JOB_SH] = "main.sh",     [JOB_EXEC] = "main",
};

struct parse {
	struct reader reader;
	struct job_request *request;
	const char *key; /* at work on */
	uint64_t seen;   /* a bit a key */
	bool has_argv, has_args;
	size_t words_bytes; /* of words and environment so far, as execve(2) counts them */
	char *why;
	size_t n;
	int error;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct parse *p, const char *format, ...)
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

/* Text from outside within one of ours: printable ASCII, and not much of it. */
struct shown {
	char text[48];
};

static struct shown show(const char *text)
{
	struct shown s;
	size_t i;

	for (i = 0; i < sizeof(s.text) - 1 && text[i]; i++)
		s.text[i] = (char)(isprint((unsigned char)text[i]) ? text[i] : '?');
	s.text[i] = '\0';
	return s;
}

/* --- values of one type --- */

static bool expect(struct parse *p, enum reader_kind kind, const char *called)
{
	return reader_next(&p->reader) == kind || refuse(p, "'%s' must be %s", p->key, called);
}

static bool take_bytes(struct parse *p, struct job_bytes *ret)
{
	char *text;

	if (!expect(p, READER_TEXT, "a text") || !reader_text(&p->reader, &text, &ret->size))
		return false;
	ret->bytes = text;
	return true;
}

/* One that the kernel will see: up to the first NUL. */
static bool take_word(struct parse *p, const char *called, size_t most, char **ret)
{
	size_t size;

	if (!expect(p, READER_TEXT, called) || !reader_text(&p->reader, ret, &size))
		return false;
	if (strlen(*ret) != size)
		return refuse(p, "'%s' has a NUL byte in it: leave it out", p->key);
	if (size > most)
		return refuse(p, "'%s' has %zu bytes in one word: %zu are the most", p->key, size,
			      most);
	return true;
}

static bool take_base64(struct parse *p, struct job_bytes *ret)
{
	ssize_t size;

	if (!take_bytes(p, ret))
		return false;
	size = base64_read((char *)ret->bytes, ret->bytes, ret->size);
	if (size < 0)
		return refuse(
			p, "'%s' is no base64: write it with its padding and without line breaks",
			p->key);
	((char *)ret->bytes)[size] = '\0';
	ret->size = (size_t)size;
	return true;
}

/* What one word takes of what execve(2) has room for: itself and a pointer to it. */
static bool count_word(struct parse *p, const char *word)
{
	p->words_bytes += strlen(word) + 1 + sizeof(char *);
	return p->words_bytes <= JOB_WORDS_BYTES ||
	       refuse(p, "'%s' makes words and environment more than %d KiB: put them into a file",
		      p->key, JOB_WORDS_BYTES >> 10);
}

static bool is_file_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool take_file_name(struct parse *p, const char **ret)
{
	char *name;

	if (!take_word(p, "a name", JOB_NAME_BYTES, &name))
		return false;
	*ret = name;
	return is_file_name(name) || refuse(p, "'%s' cannot be '%s': give a name without a slash",
					    p->key, show(name).text);
}

static bool take_absolute(struct parse *p, const char **ret)
{
	char *path;

	if (!take_word(p, "a path", JOB_PATH_BYTES, &path))
		return false;
	*ret = path;
	return *path == '/' || refuse(p, "'%s' cannot be '%s': the path must begin with /", p->key,
				      show(path).text);
}

/* --- keys of objects within --- */

/* Whether the row'th of an object's keys comes for the first time. */
static bool first_time(struct parse *p, uint64_t *seen, size_t row)
{
	if (*seen >> row & 1)
		return refuse(p, "'%s' is given twice: leave one out", p->key);
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
			return first_time(p, seen, (size_t)i) ? i : -1;
		}
	refuse(p, "'%s' has no key '%s'", of, show(name).text);
	return -1;
}

enum { FILE_NAME, FILE_CONTENT, FILE_BASE64, FILE_EXECUTABLE };

static bool take_file_key(struct parse *p, struct job_file *f, uint64_t *seen)
{
	static const char *const names[] = { "name", "content", "content_base64", "executable",
					     NULL };

	switch (which_key(p, "files", names, seen)) {
	case FILE_NAME:
		return take_file_name(p, &f->name);
	case FILE_CONTENT:
		return take_bytes(p, &f->content);
	case FILE_BASE64:
		return take_base64(p, &f->content);
	case FILE_EXECUTABLE:
		return expect(p, READER_BOOL, "true or false") &&
		       reader_bool(&p->reader, &f->executable);
	default:
		return false;
	}
}

static bool take_file(struct parse *p)
{
	struct job_request *q = p->request;
	struct job_file *f = &q->files[q->file_count];
	uint64_t seen = 0;

	if (q->file_count == JOB_FILES)
		return refuse(p, "'files' has more than %d: put them into an archive, or a volume",
			      JOB_FILES);
	if (!expect(p, READER_OBJECT, "a list of objects"))
		return false;
	reader_enter(&p->reader, READER_OBJECT);
	while (reader_more(&p->reader, READER_OBJECT))
		if (!take_file_key(p, f, &seen))
			return false;
	p->key = "files";
	if (!f->name)
		return refuse(p, "'files' has one without a name: give it 'name'");
	if ((seen >> FILE_CONTENT & 1) == (seen >> FILE_BASE64 & 1))
		return refuse(p, "'files' needs either 'content' or 'content_base64' for '%s'",
			      show(f->name).text);
	for (size_t i = 0; i < q->file_count; i++)
		if (!strcmp(q->files[i].name, f->name))
			return refuse(p, "'files' has '%s' twice: rename one", show(f->name).text);
	q->file_count++;
	return true;
}

enum { VOLUME_SOURCE, VOLUME_PATH, VOLUME_READ_ONLY };

static bool take_volume_key(struct parse *p, struct sandbox_volume *v, uint64_t *seen)
{
	static const char *const names[] = { "source", "path", "read_only", NULL };

	switch (which_key(p, "volumes", names, seen)) {
	case VOLUME_SOURCE:
		return take_absolute(p, &v->source);
	case VOLUME_PATH:
		return take_absolute(p, &v->path);
	case VOLUME_READ_ONLY:
		return expect(p, READER_BOOL, "true or false") &&
		       reader_bool(&p->reader, &v->read_only);
	default:
		return false;
	}
}

static bool take_volume(struct parse *p)
{
	struct job_request *q = p->request;
	struct sandbox_volume *v = &q->volumes[q->volume_count];
	uint64_t seen = 0;

	if (q->volume_count == SANDBOX_VOLUMES)
		return refuse(p, "'volumes' has more than %d: put a folder above some of them",
			      SANDBOX_VOLUMES);
	if (!expect(p, READER_OBJECT, "a list of objects"))
		return false;
	reader_enter(&p->reader, READER_OBJECT);
	while (reader_more(&p->reader, READER_OBJECT))
		if (!take_volume_key(p, v, &seen))
			return false;
	p->key = "volumes";
	if (!v->source || !v->path)
		return refuse(p, "'volumes' has one without 'source' or 'path': give it both");
	if (!sandbox_is_place(v->path))
		return refuse(p,
			      "'path' cannot be '%s': it must lie below / and outside of /proc "
			      "and /dev",
			      show(v->path).text);
	q->volume_count++;
	return true;
}

/* --- keys of the request --- */

struct key {
	const char *name;
	bool (*take)(struct parse *p, const struct key *k);
	size_t offset;
	double min, max, scale;     /* of numbers */
	const char *mend;           /* what the number must be */
	const char *const *choices; /* of words */
	int first, count;
};

static void *field_of(struct parse *p, const struct key *k)
{
	return (char *)p->request + k->offset;
}

static bool take_number(struct parse *p, const struct key *k)
{
	double n;

	if (!expect(p, READER_NUMBER, k->mend) || !reader_number(&p->reader, &n))
		return false;
	n *= k->scale;
	if (!(n >= k->min * k->scale && n <= k->max * k->scale) || (k->scale == 1 && n != floor(n)))
		return refuse(p, "'%s' must be %s", p->key, k->mend);
	*(uint64_t *)field_of(p, k) = (uint64_t)llround(n);
	return true;
}

/* "none or loopback" */
static bool refuse_choice(struct parse *p, const struct key *k)
{
	char list[128] = "";
	size_t used = 0;

	for (int i = k->first; i < k->count; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 i == k->first       ? ""
					 : i == k->count - 1 ? " or "
							     : ", ",
					 k->choices[i]);
	return refuse(p, "'%s' must be %s", p->key, list);
}

static bool take_choice(struct parse *p, const struct key *k)
{
	char *word;
	size_t size;

	if (reader_next(&p->reader) != READER_TEXT)
		return refuse_choice(p, k);
	if (!reader_text(&p->reader, &word, &size))
		return false;
	for (int i = k->first; i < k->count; i++)
		if (strlen(word) == size && !strcmp(word, k->choices[i])) {
			*(unsigned int *)field_of(p, k) = (unsigned int)i;
			return true;
		}
	return refuse_choice(p, k);
}

static bool take_text_key(struct parse *p, const struct key *k)
{
	return take_bytes(p, field_of(p, k));
}

static bool take_in(struct parse *p, const struct key *k)
{
	(void)k;
	if (p->request->in.bytes)
		return refuse(p, "'stdin' and 'stdin_base64' are given: leave one out");
	return strcmp(p->key, "stdin") ? take_base64(p, &p->request->in)
				       : take_bytes(p, &p->request->in);
}

static bool take_root(struct parse *p, const struct key *k)
{
	(void)k;
	return take_absolute(p, &p->request->root);
}

static bool take_name(struct parse *p, const struct key *k)
{
	(void)k;
	if (!take_file_name(p, &p->request->name))
		return false;
	return *p->request->name != '-' || /* an interpreter would take it for an option */
	       refuse(p, "'file' cannot begin with '-': rename it");
}

static bool add_word(struct parse *p, char *word)
{
	struct job_request *q = p->request;
	char **grown;

	if (q->argc == JOB_WORDS)
		return refuse(p, "'%s' has more than %d words: put them into a file", p->key,
			      JOB_WORDS);
	if ((q->argc & (q->argc + 1)) == 0) { /* full at 2^n - 1, as a NULL comes behind them */
		grown = realloc(q->argv, (q->argc + 1) * 2 * sizeof(char *));
		if (!grown) {
			p->error = -ENOMEM;
			return false;
		}
		q->argv = grown;
	}
	q->argv[q->argc++] = word;
	q->argv[q->argc] = NULL;
	return count_word(p, word);
}

static bool take_argv(struct parse *p, const struct key *k)
{
	char *word;

	(void)k;
	*(strcmp(p->key, "argv") ? &p->has_args : &p->has_argv) = true;
	if (p->has_argv && p->has_args)
		return refuse(p, "'argv' and 'args' are given: args only follow code or a file");
	if (!expect(p, READER_LIST, "a list of texts"))
		return false;
	reader_enter(&p->reader, READER_LIST);
	while (reader_more(&p->reader, READER_LIST))
		if (!take_word(p, "a list of texts", JOB_WORD_BYTES, &word) || !add_word(p, word))
			return false;
	return true;
}

/* Between key and value lie two quotes and a colon at least: there is room for the '='. */
static bool join(struct parse *p, char *name, const char *value)
{
	struct job_request *q = p->request;
	size_t length = strlen(name);

	if (!*name || strchr(name, '='))
		return refuse(p,
			      "'env' has a variable '%s': its name must not be empty or have a '='",
			      show(name).text);
	for (size_t i = 0; i < q->env_count; i++)
		if (!strncmp(q->env[i], name, length) && q->env[i][length] == '=')
			return refuse(p, "'env' has '%s' twice: leave one out", show(name).text);
	if (length + 1 + strlen(value) > JOB_WORD_BYTES)
		return refuse(p, "'env' has more than %d bytes in '%s': put them into a file",
			      JOB_WORD_BYTES, show(name).text);
	memmove(name + length + 1, value, strlen(value) + 1);
	name[length] = '=';
	q->env[q->env_count++] = name;
	return count_word(p, name);
}

static bool take_env(struct parse *p, const struct key *k)
{
	char *name, *value;
	size_t size;

	(void)k;
	if (!expect(p, READER_OBJECT, "an object of texts"))
		return false;
	reader_enter(&p->reader, READER_OBJECT);
	while (reader_more(&p->reader, READER_OBJECT)) {
		if (!reader_key(&p->reader, &name, &size))
			return false;
		if (strlen(name) != size)
			return refuse(p, "'env' has a NUL byte in a name: leave it out");
		if (p->request->env_count == JOB_ENV)
			return refuse(p, "'env' has more than %d variables: put them into a file",
				      JOB_ENV);
		if (!take_word(p, "an object of texts", JOB_WORD_BYTES, &value) ||
		    !join(p, name, value))
			return false;
	}
	return true;
}

static bool is_module(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '_' && (*at != '.' || at == name))
			return false;
	return *name && !isdigit((unsigned char)*name);
}

static bool take_imports(struct parse *p, const struct key *k)
{
	struct job_request *q = p->request;
	char *name;

	(void)k;
	if (!expect(p, READER_LIST, "a list of module names"))
		return false;
	reader_enter(&p->reader, READER_LIST);
	while (reader_more(&p->reader, READER_LIST)) {
		if (q->import_count == JOB_IMPORTS)
			return refuse(p, "'imports' has more than %d modules: leave some out",
				      JOB_IMPORTS);
		if (!take_word(p, "a list of module names", JOB_IMPORT_BYTES, &name))
			return false;
		if (!is_module(name))
			return refuse(p,
				      "'imports' cannot have '%s': give names of modules, such "
				      "as numpy or os.path",
				      show(name).text);
		q->imports[q->import_count++] = name;
	}
	return true;
}

static bool take_each(struct parse *p, bool (*take)(struct parse *p))
{
	if (!expect(p, READER_LIST, "a list of objects"))
		return false;
	reader_enter(&p->reader, READER_LIST);
	while (reader_more(&p->reader, READER_LIST))
		if (!take(p))
			return false;
	return true;
}

static bool take_files(struct parse *p, const struct key *k)
{
	(void)k;
	return take_each(p, take_file);
}

static bool take_volumes(struct parse *p, const struct key *k)
{
	(void)k;
	return take_each(p, take_volume);
}

/* The interface has it; who sends it relies on it, so that it cannot be passed over. */
static bool take_later(struct parse *p, const struct key *k)
{
	return refuse(p, "'%s' is not there yet: leave it out", k->name);
}

#define FIELD(name) .offset = offsetof(struct job_request, name)
#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static const struct key keys[] = {
	{ .name = "lang",
	  .take = take_choice,
	  FIELD(language),
	  .choices = job_language_names,
	  .first = JOB_PYTHON,
	  .count = _JOB_LANGUAGE_MAX },
	{ .name = "argv", .take = take_argv },
	{ .name = "code", .take = take_text_key, FIELD(code) },
	{ .name = "file", .take = take_name },
	{ .name = "args", .take = take_argv },
	{ .name = "root", .take = take_root },
	{ .name = "stdin", .take = take_in },
	{ .name = "stdin_base64", .take = take_in },
	{ .name = "env", .take = take_env },
	{ .name = "files", .take = take_files },
	{ .name = "volumes", .take = take_volumes },
	{ .name = "imports", .take = take_imports },
	{ .name = "net", .take = take_choice, FIELD(net), .choices = nets, .count = COUNT(nets) },
	{ .name = "profile",
	  .take = take_choice,
	  FIELD(profile),
	  .choices = profiles,
	  .count = COUNT(profiles) },
	{ .name = "class",
	  .take = take_choice,
	  FIELD(class),
	  .choices = job_class_names,
	  .count = _JOB_CLASS_MAX },
	{ .name = "timeout_seconds",
	  .take = take_number,
	  FIELD(timeout_ns),
	  .min = 0.001,
	  .max = WEEK_SECONDS,
	  .scale = 1e9,
	  .mend = "a number of seconds from 0.001 to 604800 (a week)" },
	{ .name = "memory_bytes",
	  .take = take_number,
	  FIELD(memory_bytes),
	  .min = 4 << 20,
	  .max = 1ll << 50,
	  .scale = 1,
	  .mend = "a whole number from 4194304 (4 MiB) to 1125899906842624 (1 PiB)" },
	{ .name = "cpus",
	  .take = take_number,
	  FIELD(cpu_thousandths),
	  .min = 0.001,
	  .max = 4096,
	  .scale = 1e3,
	  .mend = "a number from 0.001 to 4096" },
	{ .name = "pids",
	  .take = take_number,
	  FIELD(pids),
	  .min = 1,
	  .max = 1 << 20,
	  .scale = 1,
	  .mend = "a whole number from 1 to 1048576" },
	{ .name = "tmp_bytes",
	  .take = take_number,
	  FIELD(tmp_bytes),
	  .min = 64 << 10,
	  .max = 1ll << 50,
	  .scale = 1,
	  .mend = "a whole number from 65536 (64 KiB) to 1125899906842624 (1 PiB)" },
	{ .name = "output_bytes",
	  .take = take_number,
	  FIELD(output_bytes),
	  .min = 1,
	  .max = JOB_OUTPUT_BYTES,
	  .scale = 1,
	  .mend = "a whole number from 1 to 16777216 (16 MiB)" },
	{ .name = "strategy", .take = take_later },
	{ .name = "deterministic", .take = take_later },
	{ .name = "durable", .take = take_later },
	{ .name = "once_key", .take = take_later },
	{ .name = "from", .take = take_later },
	{ .name = "node", .take = take_later },
	{ .name = "results", .take = take_later },
};
_Static_assert(sizeof(keys) / sizeof(keys[0]) <= 64, "a bit each");

static bool take_key(struct parse *p)
{
	size_t size;
	char *name;

	if (!reader_key(&p->reader, &name, &size))
		return false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(name) == size && !strcmp(name, keys[i].name)) {
			p->key = keys[i].name;
			return first_time(p, &p->seen, i) && keys[i].take(p, &keys[i]);
		}
	return refuse(p, "there is no key '%s': docs/http.md lists them", show(name).text);
}

/* --- what does not go together --- */

static bool has_file(const struct job_request *q, const char *name)
{
	for (size_t i = 0; i < q->file_count; i++)
		if (!strcmp(q->files[i].name, name))
			return true;
	return false;
}

static bool check_command(struct parse *p)
{
	const struct job_request *q = p->request;

	if (q->language || q->code.bytes || q->name)
		return refuse(p, "'argv' is all of a command: leave out '%s'",
			      q->code.bytes ? "code"
			      : q->name     ? "file"
					    : "lang");
	return (q->argc && *q->argv[0]) || refuse(p, "'argv' has no command: put one first");
}

static bool check_code(struct parse *p)
{
	struct job_request *q = p->request;
	bool there;

	if (!q->code.bytes && !q->name)
		return refuse(p, "there is nothing to run: give 'argv', or 'lang' with 'code' or "
				 "'file'");
	if (!q->language)
		return refuse(p, "'lang' is missing: say python, node, java, sh or exec");
	if (!q->name)
		q->name = file_names[q->language];
	there = has_file(q, q->name);
	if (q->code.bytes && there)
		return refuse(p,
			      "'files' has '%s', as the code is called: rename it, or leave out "
			      "'code'",
			      show(q->name).text);
	return q->code.bytes || there ||
	       refuse(p, "'file' is '%s', which is not in 'files': put it there, or give 'code'",
		      show(q->name).text);
}

static bool check_all(struct parse *p)
{
	const struct job_request *q = p->request;

	if (q->import_count && q->language != JOB_PYTHON)
		return refuse(p, "'imports' are of python: leave them out, or give 'lang' python");
	return p->has_argv ? check_command(p) : check_code(p);
}

static bool parse(struct parse *p)
{
	reader_enter(&p->reader, READER_OBJECT);
	while (reader_more(&p->reader, READER_OBJECT))
		if (!take_key(p))
			return false;
	return reader_end(&p->reader) && check_all(p);
}

int job_request_parse(char *text, size_t size, struct job_request **ret, char *why, size_t n)
{
	CLEANUP(job_request_freep) struct job_request *q = calloc(1, sizeof(*q));
	struct parse p = { .request = q, .why = why, .n = n };

	if (!q) {
		free(text);
		return -ENOMEM;
	}
	q->text = text;
	reader_init(&p.reader, text, size);
	if (!parse(&p)) {
		if (p.error)
			return p.error;
		snprintf(why, n, "it is no JSON at byte %zu: expected %s",
			 (size_t)(p.reader.at - p.reader.begin), p.reader.wrong);
		return -EBADMSG;
	}
	*ret = TAKE(q);
	return 0;
}

struct job_request *job_request_free(struct job_request *r)
{
	if (!r)
		return NULL;
	free(r->argv);
	free(r->text);
	free(r);
	return NULL;
}

void job_request_freep(struct job_request **r)
{
	*r = job_request_free(*r);
}
