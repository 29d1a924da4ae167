/* SPDX-License-Identifier: Apache-2.0 */
/* columns_interfaces: what went over a network interface. */
#include "agent/cli/columns_room.h"

#include <stdio.h>
#include <string.h>

#include "agent/snapshot/snapshot.h"

static const struct interface *interface(const struct snapshot *s, size_t row)
{
	return &s->network.interfaces[row];
}

static size_t interface_rows(const struct snapshot *s)
{
	return s->network.count;
}

static const char *interface_name(const struct snapshot *s, size_t row, char ret[LISTING_NAME_MAX])
{
	snprintf(ret, LISTING_NAME_MAX, "%s", interface(s, row)->name);
	return ret;
}

static uint64_t interface_identity(const struct snapshot *s, size_t row)
{
	return name_hash(interface(s, row)->name);
}

static bool interface_matches(const struct snapshot *s, size_t row, const char *text)
{
	return strcasestr(interface(s, row)->name, text);
}

static double interface_in(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->received.bytes);
}

static double interface_in_packets(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->received.packets);
}

static double interface_out(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->sent.bytes);
}

static double interface_out_packets(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->sent.packets);
}

static double interface_dropped(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->received.dropped + interface(s, row)->sent.dropped);
}

static double interface_errors(const struct snapshot *s, size_t row)
{
	return rate(s, interface(s, row)->received.errors + interface(s, row)->sent.errors);
}

static bool interface_is_quiet(const struct snapshot *s, size_t row)
{
	return interface_in_packets(s, row) + interface_out_packets(s, row) +
		       interface_dropped(s, row) + interface_errors(s, row) ==
	       0;
}

static const struct column interface_columns[] = {
	{ "received", "received/s", 10, 0, COLUMN_BYTES, interface_in, "bytes that came in" },
	{ "in", "packets/s", 9, 1, COLUMN_COUNT, interface_in_packets, "packets that came in" },
	{ "sent", "sent/s", 9, 0, COLUMN_BYTES, interface_out, "bytes that went out" },
	{ "out", "packets/s", 9, 1, COLUMN_COUNT, interface_out_packets, "packets that went out" },
	{ "dropped", "dropped/s", 9, 2, COLUMN_COUNT, interface_dropped, "packets dropped" },
	{ "errors", "errors/s", 8, 2, COLUMN_COUNT, interface_errors, "packets in error" },
};

const struct listing listing_interfaces = { .heading = "INTERFACE",
					    .name_min = 15,
					    ROWS(interface_columns),
					    .sorted_by = 0,
					    .rows = interface_rows,
					    .name = interface_name,
					    .identity = interface_identity,
					    .is_quiet = interface_is_quiet,
					    .matches = interface_matches };
