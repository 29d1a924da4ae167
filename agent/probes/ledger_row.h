/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_row: how the rows of a ledger begin in a sample, which has them in their order. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ledger_row {
	uint32_t row;    /* of the ledger; FL_LEDGER_OTHER is the first */
	uint64_t cgroup; /* 0: other */
};

/*
 * The row of the same owner among count rows of a size, or NULL.  *from is where to begin to
 * look, 0 at first: with like after like in order a look at all of them is one pass.
 */
static inline const void *ledger_row_like(const struct ledger_row *like, const void *rows,
					  size_t count, size_t size, size_t *from)
{
	for (; *from < count; ++*from) {
		const struct ledger_row *row =
			(const struct ledger_row *)((const char *)rows + *from * size);

		if (row->row >= like->row)
			return row->row == like->row && row->cgroup == like->cgroup ? row : NULL;
	}
	return NULL;
}
