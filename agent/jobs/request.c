/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/request.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/jobs/parse.h"

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

/* --- keys of the request --- */

/* What one word takes of what execve(2) has room for: itself and a pointer to it. */
static bool count_word(struct parse *p, const char *word)
{
	p->words_bytes += strlen(word) + 1 + sizeof(char *);
	return p->words_bytes <= JOB_WORDS_BYTES ||
	       parse_refuse(
		       p, "'%s' makes words and environment more than %d KiB: put them into a file",
		       p->key, JOB_WORDS_BYTES >> 10);
}

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

	if (!parse_expect(p, READER_NUMBER, k->mend) || !reader_number(&p->reader, &n))
		return false;
	n *= k->scale;
	if (!(n >= k->min * k->scale && n <= k->max * k->scale) || (k->scale == 1 && n != floor(n)))
		return parse_refuse(p, "'%s' must be %s", p->key, k->mend);
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
	return parse_refuse(p, "'%s' must be %s", p->key, list);
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
	return parse_bytes(p, field_of(p, k));
}

static bool take_in(struct parse *p, const struct key *k)
{
	(void)k;
	if (p->request->in.bytes)
		return parse_refuse(p, "'stdin' and 'stdin_base64' are given: leave one out");
	return strcmp(p->key, "stdin") ? parse_base64(p, &p->request->in)
				       : parse_bytes(p, &p->request->in);
}

static bool take_root(struct parse *p, const struct key *k)
{
	(void)k;
	return parse_absolute(p, &p->request->root);
}

static bool take_name(struct parse *p, const struct key *k)
{
	(void)k;
	if (!parse_file_name(p, &p->request->name))
		return false;
	return *p->request->name != '-' || /* an interpreter would take it for an option */
	       parse_refuse(p, "'file' cannot begin with '-': rename it");
}

static bool add_word(struct parse *p, char *word)
{
	struct job_request *q = p->request;
	char **grown;

	if (q->argc == JOB_WORDS)
		return parse_refuse(p, "'%s' has more than %d words: put them into a file", p->key,
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
		return parse_refuse(p,
				    "'argv' and 'args' are given: args only follow code or a file");
	if (!parse_expect(p, READER_LIST, "a list of texts"))
		return false;
	reader_enter(&p->reader, READER_LIST);
	while (reader_more(&p->reader, READER_LIST))
		if (!parse_word(p, "a list of texts", JOB_WORD_BYTES, &word) || !add_word(p, word))
			return false;
	return true;
}

/* Between key and value lie two quotes and a colon at least: there is room for the '='. */
static bool join(struct parse *p, char *name, const char *value)
{
	struct job_request *q = p->request;
	size_t length = strlen(name);

	if (!*name || strchr(name, '='))
		return parse_refuse(
			p, "'env' has a variable '%s': its name must not be empty or have a '='",
			parse_show(name).text);
	for (size_t i = 0; i < q->env_count; i++)
		if (!strncmp(q->env[i], name, length) && q->env[i][length] == '=')
			return parse_refuse(p, "'env' has '%s' twice: leave one out",
					    parse_show(name).text);
	if (length + 1 + strlen(value) > JOB_WORD_BYTES)
		return parse_refuse(p, "'env' has more than %d bytes in '%s': put them into a file",
				    JOB_WORD_BYTES, parse_show(name).text);
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
	if (!parse_expect(p, READER_OBJECT, "an object of texts"))
		return false;
	reader_enter(&p->reader, READER_OBJECT);
	while (reader_more(&p->reader, READER_OBJECT)) {
		if (!reader_key(&p->reader, &name, &size))
			return false;
		if (strlen(name) != size)
			return parse_refuse(p, "'env' has a NUL byte in a name: leave it out");
		if (p->request->env_count == JOB_ENV)
			return parse_refuse(
				p, "'env' has more than %d variables: put them into a file",
				JOB_ENV);
		if (!parse_word(p, "an object of texts", JOB_WORD_BYTES, &value) ||
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
	if (!parse_expect(p, READER_LIST, "a list of module names"))
		return false;
	reader_enter(&p->reader, READER_LIST);
	while (reader_more(&p->reader, READER_LIST)) {
		if (q->import_count == JOB_IMPORTS)
			return parse_refuse(p, "'imports' has more than %d modules: leave some out",
					    JOB_IMPORTS);
		if (!parse_word(p, "a list of module names", JOB_IMPORT_BYTES, &name))
			return false;
		if (!is_module(name))
			return parse_refuse(
				p,
				"'imports' cannot have '%s': give names of modules, such "
				"as numpy or os.path",
				parse_show(name).text);
		q->imports[q->import_count++] = name;
	}
	return true;
}

static bool take_each(struct parse *p, bool (*take)(struct parse *p))
{
	if (!parse_expect(p, READER_LIST, "a list of objects"))
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
	return take_each(p, parse_file);
}

static bool take_volumes(struct parse *p, const struct key *k)
{
	(void)k;
	return take_each(p, parse_volume);
}

/* The interface has it; who sends it relies on it, so that it cannot be passed over. */
static bool take_later(struct parse *p, const struct key *k)
{
	return parse_refuse(p, "'%s' is not there yet: leave it out", k->name);
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
			return parse_first_time(p, &p->seen, i) && keys[i].take(p, &keys[i]);
		}
	return parse_refuse(p, "there is no key '%s': docs/http.md lists them",
			    parse_show(name).text);
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
		return parse_refuse(p, "'argv' is all of a command: leave out '%s'",
				    q->code.bytes ? "code"
				    : q->name     ? "file"
						  : "lang");
	return (q->argc && *q->argv[0]) || parse_refuse(p, "'argv' has no command: put one first");
}

static bool check_code(struct parse *p)
{
	struct job_request *q = p->request;
	bool there;

	if (!q->code.bytes && !q->name)
		return parse_refuse(
			p, "there is nothing to run: give 'argv', or 'lang' with 'code' or "
			   "'file'");
	if (!q->language)
		return parse_refuse(p, "'lang' is missing: say python, node, java, sh or exec");
	if (!q->name)
		q->name = file_names[q->language];
	there = has_file(q, q->name);
	if (q->code.bytes && there)
		return parse_refuse(
			p,
			"'files' has '%s', as the code is called: rename it, or leave out "
			"'code'",
			parse_show(q->name).text);
	return q->code.bytes || there ||
	       parse_refuse(p,
			    "'file' is '%s', which is not in 'files': put it there, or give 'code'",
			    parse_show(q->name).text);
}

static bool check_all(struct parse *p)
{
	const struct job_request *q = p->request;

	if (q->import_count && q->language != JOB_PYTHON)
		return parse_refuse(
			p, "'imports' are of python: leave them out, or give 'lang' python");
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
