/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = sizeof(((struct suggestion *)0)->best) - 1 };

struct suggestion suggest_for(const char *wrong)
{
	return (struct suggestion){ .wrong = wrong };
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * Letters to add, drop, change or swap with their neighbour (optimal string alignment).
 * Three rows are enough, as a swap looks no further back than two.
 */
static unsigned int distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned int rows[3][LONGEST + 1];

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int *now = rows[i % 3], *then = rows[(i + 2) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			now[j] = least(then[j] + 1, now[j - 1] + 1);
			now[j] = least(now[j], then[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], rows[(i + 1) % 3][j - 2] + 1);
		}
	}
	return rows[n % 3][m];
}

static const char *last_word(const char *name)
{
	const char *word = name + strlen(name);

	while (word > name && !strchr(".-", word[-1]))
		word--;
	return word;
}

/*
 * A typing slip is one letter in three at most, or a guess would be noise.  'level' for
 * 'log.level' is no slip but a place forgotten: it counts, though behind every slip.
 */
void suggest_offer(struct suggestion *s, const char *name)
{
	size_t n = strlen(s->wrong), m = strlen(name);
	unsigned int d, allowed = n < 3 ? 1 : n < 9 ? 2 : 3;

	if (n == 0 || n > LONGEST || m > LONGEST) /* a key of a megabyte must cost nothing */
		return;
	d = distance(s->wrong, n, name, m);
	if (d > allowed || d >= m) {
		if (n < 3 || strcmp(last_word(s->wrong), last_word(name)) != 0)
			return;
		d = LONGEST;
	}
	if (*s->best && s->distance <= d)
		return;
	s->distance = d;
	memcpy(s->best, name, m + 1);
}

void suggest_write(const struct suggestion *s, const char *before, const char *otherwise, char *ret,
		   size_t n)
{
	if (*s->best)
		snprintf(ret, n, ": did you mean '%s%s'?", before, s->best);
	else
		snprintf(ret, n, ": %s", otherwise);
}
