/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/series.h"

#include <string.h>

#include "agent/base/cleanup.h"

bool series_word(struct series *s, const char *word)
{
	size_t size = strlen(word) + 1;

	if (s->word_count + 1 >= SERIES_WORDS || s->used + size > SERIES_TEXT)
		return false;
	s->words[s->word_count++] = memcpy(s->text + s->used, word, size);
	s->words[s->word_count] = NULL;
	s->used += size;
	return true;
}

bool series_words(struct series *s, const char *const *words)
{
	for (; *words; words++)
		if (!series_word(s, *words))
			return false;
	return true;
}

void series_done(struct series *s)
{
	samples_done(&s->first);
	samples_done(&s->whole);
	samples_done(&s->queue);
	samples_done(&s->start);
	samples_done(&s->run);
	closep(&s->mounts);
	s->mounts = -1;
}
