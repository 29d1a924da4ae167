/* SPDX-License-Identifier: Apache-2.0 */
/* job: what is asked of the agent again and again, as the bytes that are sent. */
#pragma once
#include <stddef.h>

enum bench_kind {
	BENCH_PYTHON,
	BENCH_NODE,
	BENCH_JAVA,
	BENCH_SH,
	BENCH_EXEC,
	BENCH_SANDBOX,
	_BENCH_KIND_MAX
};

struct bench_job {
	enum bench_kind kind;
	const char *what;        /* it does, in a few words */
	const char *lang;        /* NULL: a program */
	const char *interpreter; /* NULL: the program itself */
	const char *file;        /* that code is in where there is no agent */
	char *code;              /* NULL: a program */
	const char *expected;    /* its output; NULL: not known */
	char *request;
	size_t length;
};

enum bench_default { BENCH_HELLO, BENCH_FIBONACCI };

/* lines: code to be run instead; count 0: the default's.  -ENOMEM. */
int bench_job_make(struct bench_job *ret, enum bench_kind kind, enum bench_default otherwise,
		   const char *const *lines, size_t count);
void bench_job_done(struct bench_job *job);
