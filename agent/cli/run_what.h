/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_what: what `fairlead run` is to execute, from a file, from code on the command line or
 * as a command: the language by name, ending or #! line, and the command for it.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/sandbox/spec.h"

enum run_language { RUN_AUTO, RUN_PYTHON, RUN_NODE, RUN_JAVA, RUN_SH, RUN_EXEC, _RUN_LANGUAGE_MAX };

extern const char *const run_language_names[]; /* ended by NULL, for the option table */

struct run_what {
	char **argv;              /* owned; its words are not, but for the following */
	char *code;               /* owned: of code on the command line */
	char first[300];          /* a word that had to be composed */
	struct sandbox_file file; /* to put in; without a name: none */
};

/* 0, or -EINVAL with what is wrong and how to mend it in err, or -ENOMEM. */
int run_what_file(struct run_what *ret, enum run_language language, uint64_t memory_bytes,
		  char **words, int count, char *err, size_t n);
int run_what_code(struct run_what *ret, enum run_language language, uint64_t memory_bytes,
		  const char *const *lines, size_t line_count, char **words, int count, char *err,
		  size_t n);
int run_what_command(struct run_what *ret, char **words, int count);
void run_what_done(struct run_what *what); /* for CLEANUP(); {0} with file.fd -1 is fine */

/* Opens a file that is to be put in, under the last part of its path; -EINVAL as above. */
int run_open_file(struct sandbox_file *ret, const char *path, char *err, size_t n);
