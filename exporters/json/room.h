/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#pragma once
#include <jansson.h>
#include <string.h>

#include "agent/base/printable.h"
#include "agent/snapshot/finding.h"

#define SNAPSHOT_SCHEMA "fairlead/snapshot/v1"

static inline void json_freep(json_t **j)
{
	json_decref(*j);
}

/* Names of cgroups are bytes; JSON is text: what is no UTF-8 is shown as '?'. */
static inline json_t *json_name(const char *bytes)
{
	json_t *text = json_string(bytes);
	char copy[512]; /* the longest name that a snapshot has */

	if (text)
		return text;
	snprintf(copy, sizeof(copy), "%s", bytes);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(copy);
}

/* The "state" of a row; off when it is none that we know. */
static inline enum finding_state json_state(const json_t *row)
{
	const char *text = json_string_value(json_object_get(row, "state"));

	for (int state = 0; text && state < _FINDING_STATE_MAX; state++)
		if (!strcmp(text, finding_state_names[state]))
			return (enum finding_state)state;
	return FINDING_OFF;
}

/* [{where, count}, …] */
json_t *json_losses(const struct losses *l);
void json_read_losses(const json_t *list, struct losses *ret);

/* Whatever is read here is to be shown to a person: no text comes in that a terminal obeys. */
static inline void json_text(const json_t *parent, const char *key, char *ret, size_t size)
{
	const char *text = json_string_value(json_object_get(parent, key));

	printable_copy(ret, size, text ? text : "");
}
