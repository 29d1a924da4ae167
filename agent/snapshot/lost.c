/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/lost.h"

#include <stdio.h>

void losses_add(struct losses *l, const char *where, uint64_t count)
{
	struct lost *row = &l->rows[l->count];

	if (l->count == LOST_MAX)
		return;
	l->count++;
	snprintf(row->where, sizeof(row->where), "%s", where);
	row->count = count;
}
