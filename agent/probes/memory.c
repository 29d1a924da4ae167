/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/memory.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/fs.h"

/* The number behind `name` at the begin of a line; false when there is no such line. */
static bool number_of(const char *text, const char *name, uint64_t *ret)
{
	size_t length = strlen(name);

	while (text && strncmp(text, name, length)) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return text && sscanf(text + length, "%" SCNu64, ret) == 1;
}

static void read_meminfo(struct memory *m, const char *text)
{
	const struct {
		const char *name;
		uint64_t *to;
	} rows[] = {
		{ "MemAvailable:", &m->available_bytes }, { "MemFree:", &m->free_bytes },
		{ "Cached:", &m->cached_bytes },          { "Dirty:", &m->dirty_bytes },
		{ "Writeback:", &m->writeback_bytes },    { "SwapTotal:", &m->swap_total_bytes },
		{ "SwapFree:", &m->swap_free_bytes },
	};
	uint64_t kib;

	m->known = number_of(text, "MemTotal:", &kib);
	m->total_bytes = m->known ? kib << 10 : 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (number_of(text, rows[i].name, &kib))
			*rows[i].to = kib << 10;
}

static void read_vmstat(struct memory *m, const char *text)
{
	uint64_t all, memory = 0, swap_cache = 0;

	number_of(text, "pgmajfault ", &m->major_faults);
	number_of(text, "oom_kill ", &m->oom_kills);
	m->file_known = number_of(text, "nr_file_pages ", &all) &&
			number_of(text, "nr_dirtied ", &m->dirtied_pages) &&
			number_of(text, "nr_written ", &m->written_pages);
	number_of(text, "nr_shmem ", &memory);
	number_of(text, "nr_swapcached ", &swap_cache);
	m->file_pages = m->file_known ? all - memory - swap_cache : 0;
}

void memory_read(struct memory *ret, const char *root)
{
	struct memory m = { 0 };
	char path[PATH_MAX], text[16384];

	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	if (fs_read(path, text, sizeof(text)) > 0)
		read_meminfo(&m, text);
	snprintf(path, sizeof(path), "%s/proc/vmstat", root);
	if (fs_read(path, text, sizeof(text)) > 0)
		read_vmstat(&m, text);
	*ret = m;
}
