/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/fs.h"
#include "agent/probes/disk_sample.h"

#define STATS_BYTES (256 * 1024) /* some 2,000 devices and partitions; untouched it costs nothing */
#define IN_FLIGHT   8            /* numbers between a device's name and that */
#define WORTH_IT    4            /* one row in so many costs less by itself than the whole file */

/* " 5 0 40 1 7 0 56 2 3 99 …": in flight are 3, and for 99 ms there was anything. */
static bool parse_numbers(char *at, struct disk_row *to)
{
	for (int i = 0; i < IN_FLIGHT; i++)
		strtoull(at, &at, 10);
	if (*at != ' ')
		return false;
	to->in_flight = strtoull(at, &at, 10);
	to->busy_ms = strtoull(at, NULL, 10);
	return true;
}

/* Those, behind "   8       0 sda". */
static bool parse_row(const char *line, struct disk_row *ret)
{
	char *at;
	unsigned long major = strtoul(line, &at, 10), minor = strtoul(at, &at, 10);
	size_t length;

	at += strspn(at, " ");
	length = strcspn(at, " ");
	if (!length || length >= DISK_NAME)
		return false;
	*ret = (struct disk_row){ .number = (uint32_t)(major << 20 | minor) };
	memcpy(ret->name, at, length);
	return parse_numbers(at + length, ret);
}

void disk_table_read(struct disk_table *ret, struct fs_machine *machine)
{
	CLEANUP(freep) char *text = malloc(STATS_BYTES);

	*ret = (struct disk_table){ 0 };
	if (text && fs_machine_read(machine, "/proc/diskstats", text, STATS_BYTES) > 0)
		disk_table_parse(ret, text);
}

void disk_table_parse(struct disk_table *ret, char *text)
{
	size_t lines = 1;

	*ret = (struct disk_table){ 0 };
	for (const char *c = text; (c = strchr(c, '\n')); c++)
		lines++;
	ret->rows = calloc(lines, sizeof(*ret->rows));
	for (char *rest = text, *line; ret->rows && (line = strsep(&rest, "\n"));)
		ret->count += parse_row(line, &ret->rows[ret->count]);
}

static const struct disk_device_sample *device_of(const struct disk_sample *counted,
						  uint32_t number)
{
	for (size_t i = 0; i < counted->device_count; i++)
		if (counted->devices[i].number == number)
			return &counted->devices[i];
	return NULL;
}

/*
 * What was given to this device and came back, all of which only grows.  While anything is under
 * way the kernel may not have booked yet what the probe has, so nothing is said of it then.
 */
static uint64_t moves_of(const struct disk_device_sample *d)
{
	uint64_t moves = 0;

	for (int op = 0; op < FL_DISK_OPS; op++) {
		const struct disk_count *c = &d->op[op];

		if (c->ios != c->completed)
			return DISK_MOVES_UNKNOWN;
		moves += c->ios + 2 * c->requeued + c->completed + c->errors;
	}
	return moves;
}

/* Pages may reach these without a request or a bio (zram before Linux 6.3). */
static bool hides_moves(const char *name)
{
	return !strncmp(name, "zram", 4) || !strncmp(name, "ram", 3) || !strncmp(name, "pmem", 4);
}

/* Behind a disk come its partitions, which are counted as the disk.  disk: of the row before. */
static uint64_t moves_of_row(const struct disk_row *row, const struct disk_sample *counted,
			     const struct disk_row **disk)
{
	const struct disk_device_sample *d = device_of(counted, row->number);

	if (!d && *disk && !strncmp(row->name, (*disk)->name, strlen((*disk)->name)))
		d = device_of(counted, (*disk)->number);
	else
		*disk = row;
	if (hides_moves(row->name))
		return DISK_MOVES_UNKNOWN;
	return d ? moves_of(d) : 0;
}

void disk_table_note(struct disk_table *t, const struct disk_sample *counted)
{
	const struct disk_row *disk = NULL;

	t->noted = true;
	for (size_t i = 0; i < t->count; i++)
		t->rows[i].moves = moves_of_row(&t->rows[i], counted, &disk);
}

static bool knows_all(const struct disk_table *t, const struct disk_sample *counted)
{
	for (size_t i = 0; i < counted->device_count; i++)
		if (counted->devices[i].number && !disk_table_find(t, counted->devices[i].number))
			return false;
	return !counted->no_device_row && !counted->lost_bios;
}

/* Those that may have done something since get DISK_MOVES_UNKNOWN; how many they are. */
static size_t mark_moved(struct disk_table *t, const struct disk_sample *counted)
{
	const struct disk_row *disk = NULL;
	size_t moved = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct disk_row *row = &t->rows[i];
		uint64_t moves = moves_of_row(row, counted, &disk);

		if (row->in_flight || moves != row->moves)
			row->moves = DISK_MOVES_UNKNOWN;
		moved += row->moves == DISK_MOVES_UNKNOWN;
	}
	return moved;
}

/* -ENODEV: one came or went. */
static int read_moved(struct disk_table *t, const struct fs_machine *machine)
{
	char path[128], text[512];

	for (size_t i = 0; i < t->count; i++) {
		struct disk_row *row = &t->rows[i];

		if (row->moves != DISK_MOVES_UNKNOWN)
			continue;
		snprintf(path, sizeof(path), "/sys/class/block/%s/stat", row->name);
		if (fs_machine_read_once(machine, path, text, sizeof(text)) <= 0 ||
		    !parse_numbers(text, row))
			return -ENODEV;
	}
	return 0;
}

void disk_table_read_again(struct disk_table *ret, const struct disk_table *last,
			   const struct disk_sample *counted, struct fs_machine *machine)
{
	struct disk_table t = { .count = last->count };

	*ret = (struct disk_table){ 0 };
	if (last->noted && knows_all(last, counted))
		t.rows = malloc((last->count + 1) * sizeof(*t.rows));
	if (t.rows) {
		memcpy(t.rows, last->rows, last->count * sizeof(*t.rows));
		if (mark_moved(&t, counted) <= t.count / WORTH_IT && !read_moved(&t, machine)) {
			*ret = t;
			return;
		}
	}
	disk_table_clear(&t);
	disk_table_read(ret, machine);
}

void disk_table_clear(struct disk_table *t)
{
	free(t->rows);
	*t = (struct disk_table){ 0 };
}

const struct disk_row *disk_table_find(const struct disk_table *t, uint32_t number)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->rows[i].number == number)
			return &t->rows[i];
	return NULL;
}
