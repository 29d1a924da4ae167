/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: one row says what a command is called, takes and does.  agent/cli holds the table
 * of them; --help, the man page, docs/cli.md and the shell completion are made from it, and
 * main.c only parses a call and runs it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/config/config.h"

struct command_call;

enum { COMMAND_DONE, COMMAND_FAILED, COMMAND_WRONG_USE, COMMAND_NO_AGENT }; /* exit codes */

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, _OUTPUT_FORMAT_MAX };

/* What may stand behind a command where it is one of a list: [SECTION]... */
struct word_row {
	const char *name, *help; /* help: a few words, no full stop */
};
struct word_table {
	const char *heading; /* "Sections" */
	const char *noun;    /* "section" */
	const struct word_row *rows;
	size_t count;
};

struct command {
	const char *name;
	const char *summary;                /* a few words on one line, no full stop */
	const char *description;            /* paragraphs, an empty line between them */
	const char *arguments;              /* "FILE", "[JOB]", as in the usage line; NULL: none */
	unsigned int least, most;           /* how many of them */
	const struct word_table *words;     /* each must be one of these; NULL: anything goes */
	const struct option_table *options; /* its own; may hide a common one; NULL: none */
	size_t size;                        /* of the struct that its own options fill */
	bool passes_on;       /* its first word ends its options: the rest is another's */
	bool configured;      /* takes the settings of config_options() too */
	const char *examples; /* lines, each "command  # what it does", or NULL */
	int (*run)(const struct command_call *call); /* gives the exit code */
};

struct command_common { /* what every command takes */
	char config[256];
	char socket[108];
	int output; /* enum output_format */
	bool color;
	bool quiet;
	int64_t verbose; /* how often -v was given */
	bool help, version;
	bool socket_given; /* by flag or environment: it wins over the file's */
};

struct command_call {
	const struct command *command; /* NULL: none was named, only help or version is wanted */
	struct command_common common;
	void *args;           /* the command's own struct */
	struct config config; /* for a configured command: defaults, environment and flags */
	char **words;         /* what is no flag; borrowed from argv */
	int count;
	bool dashed; /* -- stood before them */
};

const struct option_table *command_common_options(void);

/*
 * Reads argv, reordering it.  -EINVAL with err filled, to be printed behind "fairlead: " and
 * to be left with COMMAND_WRONG_USE; or -ENOMEM.  *ret is untouched on failure.  When help or
 * version is asked for, the words are not counted and the command is not to be run.
 */
int command_parse(const struct command *commands, size_t n, int argc, char **argv,
		  struct command_call *ret, char *err, size_t size);
void command_call_done(struct command_call *call); /* for CLEANUP(); {0} is fine */
