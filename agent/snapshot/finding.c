/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/finding.h"

#include <assert.h>
#include <stdio.h>

const char *const finding_state_names[] = { "on", "fallback", "off", NULL };
_Static_assert(sizeof(finding_state_names) / sizeof(char *) == _FINDING_STATE_MAX + 1,
	       "a name a state");

struct finding *findings_add(struct findings *f, enum finding_kind kind, enum finding_state state,
			     const char *name)
{
	struct finding *row = &f->rows[f->count];

	assert(f->count < FINDINGS_MAX); /* rows come from tables of ours, never from outside */
	f->count++;
	*row = (struct finding){ .kind = kind, .state = state };
	snprintf(row->name, sizeof(row->name), "%s", name);
	return row;
}
