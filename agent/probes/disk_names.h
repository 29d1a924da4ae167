/* SPDX-License-Identifier: Apache-2.0 */
/* disk_names: what the kernel says of block devices by their number. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fs_machine;

enum { DISK_NAME = 32 };

/* root: "" or a folder that stands for the machine.  False, and *ret is "8:0" or so, when there is no such device (any more). */
bool disk_name(const char *root, uint32_t number, char ret[DISK_NAME]);

/* All of them, from /proc/diskstats: one file for what sysfs has in three calls a device. */
struct disk_table {
	size_t count;
	struct disk_row {
		uint32_t number; /* major << 20 | minor */
		char name[DISK_NAME];
		uint64_t in_flight; /* requests that the device has now */
		uint64_t busy_ms;   /* for how long it had anything to do */
	} *rows;                    /* owned */
};

void disk_table_parse(struct disk_table *ret, char *text); /* cuts it into lines */

/* Empty when there is nothing to be read, or no memory; what was in *ret is not looked at. */
void disk_table_read(struct disk_table *ret, struct fs_machine *machine);
void disk_table_clear(struct disk_table *t);
const struct disk_row *disk_table_find(const struct disk_table *t, uint32_t number); /* or NULL */
