/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/json/room.h"

json_t *json_losses(const struct losses *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->count; i++)
		json_array_append_new(list, json_pack("{ss sI}", "where", l->rows[i].where,
						      "count_total", (json_int_t)l->rows[i].count));
	return list;
}

void json_read_losses(const json_t *list, struct losses *ret)
{
	const json_t *row;
	size_t i;

	json_array_foreach ((json_t *)list, i, row) {
		const char *where = json_string_value(json_object_get(row, "where"));
		json_int_t count = json_integer_value(json_object_get(row, "count_total"));

		losses_add(ret, where ? where : "", count > 0 ? (uint64_t)count : 0);
	}
}
