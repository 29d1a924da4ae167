/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/slots.h"

#include <stdlib.h>

struct slot *slots_add(struct slots *s, const struct slot *row)
{
	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct slot *rows = realloc(s->rows, room * sizeof(*rows));

		if (!rows)
			return NULL;
		s->rows = rows;
		s->room = room;
	}
	s->rows[s->count] = *row;
	return &s->rows[s->count++];
}

struct slot *slots_by_number(const struct slots *s, uint32_t number)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].number == number)
			return &s->rows[i];
	return NULL;
}

struct slot *slots_by_stub(const struct slots *s, pid_t stub)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].stub == stub)
			return &s->rows[i];
	return NULL;
}

struct slot *slots_by_job(const struct slots *s, pid_t job)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].job == job)
			return &s->rows[i];
	return NULL;
}

void slots_drop(struct slots *s, struct slot *row)
{
	*row = s->rows[--s->count];
}
