/* SPDX-License-Identifier: Apache-2.0 */
/* text_index: which row a text stands for.  Texts are borrowed; of a fixed size once made. */
#pragma once
#include <stddef.h>

struct text_index {
	struct text_row {
		const char *text;
		size_t row;
	} *slots; /* owned */
	size_t mask;
};

#define TEXT_INDEX_NONE ((size_t)-1)

/* For at most `texts` of them; -ENOMEM. */
int text_index_init(struct text_index *ret, size_t texts);
void text_index_clear(struct text_index *ix);

/* The row, or TEXT_INDEX_NONE. */
size_t text_index_find(const struct text_index *ix, const char *text);
void text_index_add(struct text_index *ix, const char *text, size_t row);
