/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/memory.h"

#include <stdio.h>

#include "agent/base/fs.h"
#include "agent/probes/lines.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void read_meminfo(struct memory *m, const char *text)
{
	uint64_t huge_size = 0;
	const struct line pages[] = { { "HugePages_Total", &m->huge_total_bytes },
				      { "HugePages_Free", &m->huge_free_bytes } };
	const struct line kib[] = {
		{ "MemTotal", &m->total_bytes },
		{ "MemFree", &m->free_bytes },
		{ "MemAvailable", &m->available_bytes },
		{ "Buffers", &m->buffers_bytes },
		{ "Cached", &m->cached_bytes },
		{ "SwapCached", &m->swap_cached_bytes },
		{ "Active", &m->active_bytes },
		{ "Inactive", &m->inactive_bytes },
		{ "SwapTotal", &m->swap_total_bytes },
		{ "SwapFree", &m->swap_free_bytes },
		{ "Dirty", &m->dirty_bytes },
		{ "Writeback", &m->writeback_bytes },
		{ "AnonPages", &m->anon_bytes },
		{ "Mapped", &m->mapped_bytes },
		{ "Shmem", &m->shmem_bytes },
		{ "SReclaimable", &m->slab_reclaimable_bytes },
		{ "SUnreclaim", &m->slab_unreclaimable_bytes },
		{ "KernelStack", &m->kernel_stack_bytes },
		{ "PageTables", &m->page_tables_bytes },
		{ "CommitLimit", &m->commit_limit_bytes },
		{ "Committed_AS", &m->committed_bytes },
		{ "AnonHugePages", &m->anon_huge_bytes },
		{ "Hugepagesize", &huge_size },
	};

	lines_read(text, kib, COUNT(kib));
	for (size_t i = 0; i < COUNT(kib); i++)
		*kib[i].to = lines_times(*kib[i].to, 1024);
	lines_read(text, pages, COUNT(pages));
	for (size_t i = 0; i < COUNT(pages); i++)
		*pages[i].to = lines_times(*pages[i].to, huge_size);
	m->known = m->total_bytes;
}

static void read_vmstat(struct memory *m, const char *text)
{
	uint64_t all = 0, memory = 0, swap_cache = 0;
	const struct line rows[] = { { "pgmajfault", &m->major_faults },
				     { "oom_kill", &m->oom_kills },
				     { "nr_shmem", &memory },
				     { "nr_swapcached", &swap_cache } };
	const struct line file[] = { { "nr_file_pages", &all },
				     { "nr_dirtied", &m->dirtied_pages },
				     { "nr_written", &m->written_pages } };

	lines_read(text, rows, COUNT(rows));
	m->file_known = lines_read(text, file, COUNT(file)) == COUNT(file);
	m->file_pages = m->file_known ? all - memory - swap_cache : 0;
}

void memory_read(struct memory *ret, struct fs_machine *machine)
{
	struct memory m = { 0 };
	char text[16384];

	if (fs_machine_read(machine, "/proc/meminfo", text, sizeof(text)) > 0)
		read_meminfo(&m, text);
	if (fs_machine_read(machine, "/proc/vmstat", text, sizeof(text)) > 0)
		read_vmstat(&m, text);
	*ret = m;
}
