/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flags: fills structs from the words of a command line by their option tables.
 * `--name value`, `--name=value`, `-n value`, `-nvalue`, `-qv`; a boolean has `--no-name`;
 * `--` ends them.  It knows nothing of commands: command.h does.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct option_origin;
struct option_table;

struct flags_target { /* rows without OPTION_AS_FLAG are passed over */
	const struct option_table *table;
	void *into;                    /* NULL: only checked */
	struct option_origin *origins; /* a row each, or NULL */
};

struct flags {
	const struct flags_target *targets; /* a name in an earlier one hides that of a later */
	size_t count;
	bool to_first_word;  /* what is behind the first word is words too */
	bool *dashed;        /* set when -- was met; may be NULL */
	const char *command; /* whose they are, for messages; NULL: nobody's in particular */
};

/*
 * Fills every target with defaults, the environment, then args[0..*count).  What is no flag
 * is left in args[0..*count), in order, and a NULL behind it if any word was taken out.
 * -EINVAL with err filled: what is wrong and how to mend it; args are then shuffled and
 * targets filled in part.
 */
int flags_parse(const struct flags *f, int *count, char **args, char *err, size_t n);

/* Where the first word that is no flag stands, or count; or -EINVAL with err filled. */
int flags_first_word(const struct flags *f, int count, char **args, char *err, size_t n);
