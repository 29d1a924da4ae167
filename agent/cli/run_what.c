/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/run_what.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"
#include "agent/config/option.h"

const char *const run_language_names[] = { "auto", "python", "node", "java", "sh", "exec", NULL };
_Static_assert(sizeof(run_language_names) / sizeof(char *) == _RUN_LANGUAGE_MAX + 1, "a name each");

static const struct {
	const char *ending;
	enum run_language language;
} endings[] = {
	{ ".py", RUN_PYTHON }, { ".js", RUN_NODE },  { ".mjs", RUN_NODE }, { ".cjs", RUN_NODE },
	{ ".java", RUN_JAVA }, { ".jar", RUN_JAVA }, { ".sh", RUN_SH },
};

/* What interprets a file of the language, and what code of it is called as a file. */
static const struct {
	const char *interpreter, *file;
} languages[_RUN_LANGUAGE_MAX] = {
	[RUN_PYTHON] = { "python3", "main.py" }, [RUN_NODE] = { "node", "main.js" },
	[RUN_JAVA] = { "java", "Main.java" },    [RUN_SH] = { "/bin/sh", "main.sh" },
	[RUN_EXEC] = { NULL, "main" },
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && !strcmp(text + length - tail, end);
}

/* "#!/usr/bin/env python3" is python's; what no language is called the kernel executes. */
static enum run_language of_first_line(const char *text)
{
	char line[256], *rest;
	const char *program;

	if (strncmp(text, "#!", 2) != 0)
		return strncmp(text, "\177ELF", 4) == 0 ? RUN_EXEC : RUN_AUTO;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text + 2, "\n"), text + 2);
	program = strtok_r(line, " \t", &rest);
	if (program && ends_with(program, "/env"))
		program = strtok_r(NULL, " \t", &rest);
	if (program && strrchr(program, '/'))
		program = strrchr(program, '/') + 1;
	if (program && !strncmp(program, "python", 6))
		return RUN_PYTHON;
	if (program && !strncmp(program, "node", 4))
		return RUN_NODE;
	return RUN_EXEC;
}

static enum run_language of_file(const struct sandbox_file *file)
{
	char start[256] = "";
	enum run_language language;

	if (pread(file->fd, start, sizeof(start) - 1, 0) < 0)
		start[0] = '\0';
	language = of_first_line(start);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && language == RUN_AUTO; i++)
		if (ends_with(file->name, endings[i].ending))
			language = endings[i].language;
	return language;
}

/* The interpreter with the file and the words behind it. */
static int compose(struct run_what *what, enum run_language language, uint64_t memory, char **words,
		   int count)
{
	const char *interpreter = languages[language].interpreter;
	char **at = what->argv = calloc((size_t)count + 5, sizeof(char *));

	if (!at)
		return -ENOMEM;
	if (!interpreter) {
		snprintf(what->first, sizeof(what->first), "./%s", what->file.name);
		*at++ = what->first;
	} else {
		*at++ = (char *)interpreter;
	}
	if (language == RUN_JAVA && memory) { /* it would take the machine's for its own */
		snprintf(what->first, sizeof(what->first), "-XX:MaxRAM=%" PRIu64, memory);
		*at++ = what->first;
	}
	if (language == RUN_JAVA && ends_with(what->file.name, ".jar"))
		*at++ = (char *)"-jar";
	if (interpreter)
		*at++ = (char *)what->file.name;
	memcpy(at, words, (size_t)count * sizeof(char *));
	what->file.executable = !interpreter;
	return 0;
}

int run_open_file(struct sandbox_file *ret, const char *path, char *err, size_t n)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *slash = strrchr(path, '/');
	char quoted[OPTION_QUOTE_MAX];
	struct stat is;

	option_quote(path, quoted);
	if (fd < 0 || fstat(fd, &is))
		snprintf(err, n, "cannot open '%s': %s", quoted, strerror(errno));
	else if (!S_ISREG(is.st_mode))
		snprintf(err, n, "'%s' is no file: give one, or a folder with --volume", quoted);
	else if (strlen(slash ? slash + 1 : path) >= sizeof(((struct run_what *)0)->first) - 2)
		snprintf(err, n, "the name of '%s' is too long: give it a shorter one", quoted);
	else {
		*ret = (struct sandbox_file){ .name = slash ? slash + 1 : path,
					      .fd = TAKE_FD(fd),
					      .executable = is.st_mode & 0111 };
		return 0;
	}
	return -EINVAL;
}

int run_what_file(struct run_what *ret, enum run_language language, uint64_t memory_bytes,
		  char **words, int count, char *err, size_t n)
{
	char quoted[OPTION_QUOTE_MAX];
	int r = run_open_file(&ret->file, words[0], err, n);

	if (r)
		return r;
	if (language == RUN_AUTO)
		language = of_file(&ret->file);
	if (language == RUN_AUTO) {
		snprintf(err, n, "cannot tell the language of '%s': say it with --lang",
			 option_quote(words[0], quoted));
		return -EINVAL;
	}
	return compose(ret, language, memory_bytes, words + 1, count - 1);
}

static char *join_lines(const char *const *lines, size_t count, size_t *length)
{
	char *code, *at;

	*length = 0;
	for (size_t i = 0; i < count; i++)
		*length += strlen(lines[i]) + 1;
	at = code = malloc(*length + 1);
	for (size_t i = 0; i < count && code; i++)
		at = stpcpy(stpcpy(at, lines[i]), "\n");
	return code;
}

int run_what_code(struct run_what *ret, enum run_language language, uint64_t memory_bytes,
		  const char *const *lines, size_t line_count, char **words, int count, char *err,
		  size_t n)
{
	if (language == RUN_AUTO)
		language = of_first_line(lines[0]);
	if (language == RUN_AUTO) {
		snprintf(err, n, "cannot tell the language of the code: say it with --lang");
		return -EINVAL;
	}
	ret->file = (struct sandbox_file){ .name = languages[language].file, .fd = -1 };
	ret->code = join_lines(lines, line_count, &ret->file.size);
	ret->file.content = ret->code;
	return ret->code ? compose(ret, language, memory_bytes, words, count) : -ENOMEM;
}

int run_what_command(struct run_what *ret, char **words, int count)
{
	ret->argv = calloc((size_t)count + 1, sizeof(char *));
	if (!ret->argv)
		return -ENOMEM;
	memcpy(ret->argv, words, (size_t)count * sizeof(char *));
	return 0;
}

void run_what_done(struct run_what *what)
{
	free(what->argv);
	free(what->code);
	closep(&what->file.fd);
}
