/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/job.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/cli/bench/tiny.h"

#define PROGRAM "/usr/bin/true"

static const struct {
	const char *name, *interpreter, *file, *code[2];
} kinds[_BENCH_KIND_MAX] = {
	[BENCH_PYTHON] = { "python",
			   "python3",
			   "main.py",
			   { "print('Hello World')",
			     "def fibonacci(n):\n"
			     "    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)\n"
			     "print(fibonacci(10))" } },
	[BENCH_NODE] = { "node",
			 "node",
			 "main.js",
			 { "console.log('Hello World')",
			   "const fibonacci = n => n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);\n"
			   "console.log(fibonacci(10))" } },
	[BENCH_JAVA] = { "java",
			 "java",
			 "Main.java",
			 { "public class Main {\n"
			   "    public static void main(String[] arguments) {\n"
			   "        System.out.println(\"Hello World\");\n"
			   "    }\n"
			   "}",
			   "public class Main {\n"
			   "    static int fibonacci(int n) {\n"
			   "        return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);\n"
			   "    }\n"
			   "    public static void main(String[] arguments) {\n"
			   "        System.out.println(fibonacci(10));\n"
			   "    }\n"
			   "}" } },
	[BENCH_SH] = { "sh",
		       "/bin/sh",
		       "main.sh",
		       { "echo Hello World", "a=0 b=1\n"
					     "for i in 1 2 3 4 5 6 7 8 9 10; do\n"
					     "    c=$((a + b)) a=$b b=$c\n"
					     "done\n"
					     "echo $a" } },
	[BENCH_EXEC] = { NULL, NULL, NULL, { NULL, NULL } },
	[BENCH_SANDBOX] = { NULL, NULL, NULL, { NULL, NULL } },
};

static const struct {
	const char *what, *output;
} defaults[] = {
	[BENCH_HELLO] = { "prints Hello World", "Hello World\n" },
	[BENCH_FIBONACCI] = { "prints fibonacci(10)", "55\n" },
};

static void json_freep(json_t **j)
{
	json_decref(*j);
}

static char *join(const char *const *lines, size_t count)
{
	size_t length = 0;
	char *code, *at;

	for (size_t i = 0; i < count; i++)
		length += strlen(lines[i]) + 1;
	at = code = malloc(length + 1);
	for (size_t i = 0; code && i < count; i++)
		at += sprintf(at, "%s%s", i ? "\n" : "", lines[i]);
	return code;
}

/* The tiny program goes along with each request: no root that the agent has need hold it. */
static json_t *ask_for_program(enum bench_kind kind)
{
	char program[TINY_BASE64];

	if (kind == BENCH_EXEC)
		return json_pack("{s[s]}", "argv", PROGRAM);
	tiny_base64(program);
	return json_pack("{ss ss s[{ss ss sb}]}", "lang", "exec", "file", "main", "files", "name",
			 "main", "content_base64", program, "executable", 1);
}

static int write_request(struct bench_job *job)
{
	CLEANUP(json_freep)
	json_t *ask =
		job->code ? json_pack("{ss ss}", "lang", kinds[job->kind].name, "code", job->code)
			  : ask_for_program(job->kind);
	CLEANUP(freep) char *body = ask ? json_dumps(ask, JSON_COMPACT) : NULL;
	int length = body ? asprintf(&job->request,
				     "POST /v1/jobs HTTP/1.1\r\n"
				     "Host: fairlead\r\n"
				     "Content-Type: application/json\r\n"
				     "Content-Length: %zu\r\n"
				     "\r\n"
				     "%s",
				     strlen(body), body)
			  : -1;

	if (length < 0) {
		job->request = NULL;
		return -ENOMEM;
	}
	job->length = (size_t)length;
	return 0;
}

int bench_job_make(struct bench_job *ret, enum bench_kind kind, enum bench_default otherwise,
		   const char *const *lines, size_t count)
{
	const char *code = kinds[kind].code[otherwise];

	*ret = (struct bench_job){ .kind = kind,
				   .lang = kinds[kind].name,
				   .interpreter = kinds[kind].interpreter,
				   .file = kinds[kind].file };
	if (count) {
		ret->what = "runs the given code";
		ret->code = join(lines, count);
	} else if (code) {
		ret->what = defaults[otherwise].what;
		ret->expected = defaults[otherwise].output;
		ret->code = strdup(code);
	} else {
		ret->what = kind == BENCH_EXEC ? "executes " PROGRAM
					       : "executes a program that does nothing";
		ret->expected = "";
	}
	if ((code || count) && !ret->code)
		return -ENOMEM;
	return write_request(ret);
}

void bench_job_done(struct bench_job *job)
{
	free(job->code);
	free(job->request);
	*job = (struct bench_job){ 0 };
}
