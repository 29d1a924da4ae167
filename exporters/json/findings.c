/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/base/cleanup.h"
#include "exporters/json/json.h"
#include "exporters/json/room.h"

#define SCHEMA "fairlead/doctor/v1"

static const char *const lists[] = { "hooks", "backends", "capabilities" };
_Static_assert(sizeof(lists) / sizeof(lists[0]) == _FINDING_KIND_MAX, "a list a kind");

static json_t *list(const struct findings *f, enum finding_kind kind)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < f->count; i++) {
		const struct finding *row = &f->rows[i];

		if (row->kind == kind)
			json_array_append_new(rows, json_pack("{so ss so so so}", "name",
							      json_name(row->name), "state",
							      finding_state_names[row->state],
							      "reason", json_name(row->reason),
							      "lost", json_name(row->lost), "mend",
							      json_name(row->mend)));
	}
	return rows;
}

char *json_findings(const struct findings *f, const char *kernel)
{
	CLEANUP(json_freep)
	json_t *root = json_pack("{ss ss}", "schema", SCHEMA, "kernel", kernel);

	for (int kind = 0; root && kind < _FINDING_KIND_MAX; kind++)
		json_object_set_new(root, lists[kind], list(f, (enum finding_kind)kind));
	if (root)
		json_object_set_new(root, "losses", json_losses(&f->lost));
	return root ? json_dumps(root, JSON_COMPACT) : NULL;
}

int json_read_findings(const char *text, size_t length, struct findings *ret, char kernel[65])
{
	CLEANUP(json_freep) json_t *root = json_loadb(text, length, 0, NULL);
	const char *schema = json_string_value(json_object_get(root, "schema"));

	if (!schema || strcmp(schema, SCHEMA))
		return -EBADMSG;
	*ret = (struct findings){ 0 };
	json_text(root, "kernel", kernel, 65);
	json_read_losses(json_object_get(root, "losses"), &ret->lost);
	for (int kind = 0; kind < _FINDING_KIND_MAX; kind++) {
		const json_t *row;
		size_t i;

		json_array_foreach (json_object_get(root, lists[kind]), i, row) {
			const char *name = json_string_value(json_object_get(row, "name"));
			struct finding *f;

			if (!name || ret->count == FINDINGS_MAX)
				return -EBADMSG;
			f = findings_add(ret, (enum finding_kind)kind, json_state(row), name);
			json_text(row, "reason", f->reason, sizeof(f->reason));
			json_text(row, "lost", f->lost, sizeof(f->lost));
			json_text(row, "mend", f->mend, sizeof(f->mend));
		}
	}
	return 0;
}
