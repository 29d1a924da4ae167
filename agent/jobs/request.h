/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: a job as somebody asked for it, checked, as plain values.  What was not said is 0 or
 * NULL: the defaults are whoever's who runs it, and so is whether he may have what he named.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/sandbox/spec.h"

enum job_language {
	JOB_COMMAND, /* none: argv is all */
	JOB_PYTHON,
	JOB_NODE,
	JOB_JAVA,
	JOB_SH,
	JOB_EXEC, /* the file is executed itself */
	_JOB_LANGUAGE_MAX
};

enum job_class { JOB_NORMAL, JOB_LATENCY, JOB_BATCH, _JOB_CLASS_MAX };

extern const char *const job_language_names[_JOB_LANGUAGE_MAX]; /* "command", "python" … */
extern const char *const job_class_names[_JOB_CLASS_MAX];

enum {
	JOB_WORDS = 4096,          /* more are for a file: each costs a pointer twice over */
	JOB_WORD_BYTES = 131071,   /* what the kernel takes as one word (MAX_ARG_STRLEN) */
	JOB_WORDS_BYTES = 1 << 20, /* of words and environment; execve(2) has room for 2 MiB */
	JOB_ENV = 64,              /* variables; as fairlead run */
	JOB_NAME_BYTES = 255,      /* of a file; NAME_MAX */
	JOB_PATH_BYTES = 4095,     /* of a root or a volume; PATH_MAX */
	JOB_IMPORTS = 32,          /* a pool is kept for each set of them: few and short */
	JOB_IMPORT_BYTES = 128,
	JOB_FILES = SANDBOX_FILES - 1, /* the code is a file too */
	JOB_OUTPUT_BYTES = 16 << 20,   /* the most that may be asked to be kept, of each stream */
};

struct job_bytes {
	const char *bytes; /* NULL: none was given; else a NUL follows */
	size_t size;
};

struct job_file {
	const char *name;
	struct job_bytes content;
	bool executable;
};

struct job_request {
	enum job_language language;
	enum job_class class;
	char **argv;           /* the command, or what follows the file; ends with NULL */
	size_t argc;           /* 0 possible unless JOB_COMMAND */
	struct job_bytes code; /* none: `name` is one of the files */
	const char *name;      /* of the code's file; NULL for JOB_COMMAND */

	const char *root;
	struct job_bytes in;            /* standard input */
	char *env[JOB_ENV + 1];         /* KEY=VALUE, no key twice; ends with NULL */
	char *imports[JOB_IMPORTS + 1]; /* modules that an interpreter is to have ready */
	size_t env_count, import_count, file_count, volume_count;
	struct job_file files[JOB_FILES];
	struct sandbox_volume volumes[SANDBOX_VOLUMES]; /* absolute paths both */
	enum sandbox_net net;
	enum sandbox_profile profile;

	/* 0: not said */
	uint64_t timeout_ns, memory_bytes, cpu_thousandths, pids, tmp_bytes, output_bytes;

	char *text; /* everything points into it */
};

/*
 * The request that is all of text, a malloc'ed one with a byte of room behind its end, which is
 * taken over in any case.  With why, one line of printable ASCII, how to mend it: -EBADMSG when it
 * is no JSON, -EINVAL when it is no job.  -ENOMEM.
 */
int job_request_parse(char *text, size_t size, struct job_request **ret, char *why, size_t n);

struct job_request *job_request_free(struct job_request *r); /* takes NULL, returns NULL */
void job_request_freep(struct job_request **r);
