/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_names.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/fs.h"

#define STATS_BYTES (256 * 1024) /* some 2,000 devices and partitions; untouched it costs nothing */
#define IN_FLIGHT   8            /* numbers between a device's name and that */

bool disk_name(const char *root, uint32_t number, char ret[DISK_NAME])
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/sys/dev/block/%u:%u", root, number >> 20,
		 number & 0xfffff);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0) {
		snprintf(ret, DISK_NAME, "%u:%u", number >> 20, number & 0xfffff);
		return false;
	}
	target[n] = '\0';
	name = strrchr(target, '/');
	snprintf(ret, DISK_NAME, "%.*s", DISK_NAME - 1, name ? name + 1 : target);
	return true;
}

/* "   8       0 sda 5 0 40 1 7 0 56 2 3 99 …": in flight are 3, and for 99 ms there was anything. */
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
	at += length;
	for (int i = 0; i < IN_FLIGHT; i++)
		strtoull(at, &at, 10);
	if (*at != ' ')
		return false;
	ret->in_flight = strtoull(at, &at, 10);
	ret->busy_ms = strtoull(at, NULL, 10);
	return true;
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
