/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/columns.h"

#include <math.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/cli/columns_room.h"
#include "agent/cli/table.h"
#include "agent/snapshot/snapshot.h"

double snapshot_seconds(const struct snapshot *s)
{
	return s->window_ns ? (double)s->window_ns / (double)NS_PER_SEC : 1;
}

uint64_t name_hash(const char *text)
{
	uint64_t h = 14695981039346656037ull; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211ull;
	return h;
}

const struct listing *const listings[_LISTING_MAX] = {
	[LISTING_CGROUPS] = &listing_cgroups, [LISTING_CPUS] = &listing_cpus,
	[LISTING_DISKS] = &listing_disks,     [LISTING_INTERFACES] = &listing_interfaces,
	[LISTING_WAITERS] = &listing_waiters,
};

const char *listing_label(const struct listing *l, const struct snapshot *s, size_t row,
			  size_t width, char ret[LISTING_NAME_MAX])
{
	return l->label ? l->label(s, row, width, ret) : l->name(s, row, ret);
}

bool listing_find(const struct listing *l, const char *name, int *ret)
{
	if (!strcmp(name, "name")) {
		*ret = -1;
		return true;
	}
	for (size_t i = 0; i < l->column_count; i++)
		if (!strcmp(l->columns[i].name, name)) {
			*ret = (int)i;
			return true;
		}
	return false;
}

/* By rank, until one does not fit: no narrow column of a late rank stands where an early one found
 * no room. */
size_t listing_fit(const struct listing *l, unsigned int width, int kept, size_t ret[COLUMNS_MAX],
		   unsigned int *name_width)
{
	bool shown[COLUMNS_MAX] = { 0 };
	unsigned int used = kept >= 0 ? l->columns[kept].width + 1 : 0;
	unsigned int names = l->long_names && width / 3 > l->name_min ? width / 3 : l->name_min;
	bool full = false;
	size_t n = 0;

	if (kept >= 0)
		shown[kept] = true;
	for (unsigned int rank = 0; rank < COLUMNS_MAX && !full; rank++)
		for (size_t i = 0; i < l->column_count && !full; i++) {
			if (l->columns[i].rank != rank || shown[i])
				continue;
			full = names + used + l->columns[i].width + 1 > width;
			if (!full) {
				shown[i] = true;
				used += l->columns[i].width + 1;
			}
		}
	for (size_t i = 0; i < l->column_count; i++)
		if (shown[i])
			ret[n++] = i;
	*name_width = width > used ? width - used : 0;
	return n;
}

const char *column_format(const struct column *c, double value, char ret[16])
{
	_Static_assert(CELL == 16, "a cell of table.h");

	if (isnan(value)) {
		snprintf(ret, CELL, "?");
		return ret;
	}
	switch (c->unit) {
	case COLUMN_TIME:
		return table_time(ret, (uint64_t)value);
	case COLUMN_BYTES:
		return table_bytes(ret, (uint64_t)value);
	default:
		return table_count(ret, value);
	}
}
