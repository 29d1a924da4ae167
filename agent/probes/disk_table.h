/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_table: what the kernel says of all block devices at once: /proc/diskstats, one file for what
 * sysfs has in three calls a device.  It costs 5 us a device, so who asks again and again is told
 * of those that did nothing since what was read then: that they did nothing, the probe says.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/probes/disk_names.h"

struct disk_sample;
struct fs_machine;

struct disk_table {
	size_t count;
	bool noted; /* moves are known */
	struct disk_row {
		uint32_t number; /* major << 20 | minor */
		char name[DISK_NAME];
		uint64_t in_flight; /* requests that the device has now */
		uint64_t busy_ms;   /* for how long it had anything to do */
		uint64_t moves;     /* what it had been given and gave back, by the probe */
#define DISK_MOVES_UNKNOWN UINT64_MAX
	} *rows; /* owned */
};

void disk_table_parse(struct disk_table *ret, char *text); /* cuts it into lines */

/* Empty when there is nothing to be read, or no memory; what was in *ret is not looked at. */
void disk_table_read(struct disk_table *ret, struct fs_machine *machine);

/* counted: by the probe, not later than the table was read; of every device, by all its hooks. */
void disk_table_note(struct disk_table *t, const struct disk_sample *counted);

/* As `last`, but for rows that may have done something since: those are read by themselves, or the
 * whole file where they are many, or a device came or went.  *ret is not noted. */
void disk_table_read_again(struct disk_table *ret, const struct disk_table *last,
			   const struct disk_sample *counted, struct fs_machine *machine);
void disk_table_clear(struct disk_table *t);
const struct disk_row *disk_table_find(const struct disk_table *t, uint32_t number); /* or NULL */
