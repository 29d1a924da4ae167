/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series: one row of what is measured, again and again the same: by the agent, or by a command.
 * Rows are run in rounds, each once a round (ABAB), so that what disturbs the machine disturbs
 * them alike.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/cli/bench/outcome.h"
#include "agent/cli/bench/samples.h"

enum { SERIES_WORDS = 64, SERIES_TEXT = 4096, SERIES_MAX = 8 };

struct series {
	const char *name;                 /* "agent", "bwrap" */
	char note[200];                   /* what is peculiar about it; may be empty */
	char absent[200];                 /* why there is none; empty: there is */
	struct samples first, whole;      /* first byte, end */
	struct samples queue, start, run; /* as the agent says */
	struct tally tally;
	size_t warm;   /* answers that the agent called so */
	size_t wanted; /* runs */

	/* A command; without words it is the agent that is asked. */
	char *words[SERIES_WORDS];
	char text[SERIES_TEXT]; /* holds the words */
	size_t word_count, used;
	int mounts; /* mount namespace to be in, or -1 */
};

/* false: there is no room for it, and it was left out. */
bool series_word(struct series *s, const char *word);
bool series_words(struct series *s, const char *const *words); /* up to NULL */

void series_done(struct series *s);
