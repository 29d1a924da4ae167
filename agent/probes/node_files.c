/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/node_files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/probes/lines.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* --- /proc/stat --- */

/* "cpu3 685459 21415 …" in ticks; user has guests in it, which follow once more at the end. */
static void parse_cpu(struct cpu_times *cpus, size_t count, const char *line)
{
	uint64_t ns_per_tick = NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	struct cpu_times times = { .known = true };
	const char *at = line + strlen("cpu");
	uint64_t cpu, ticks;

	if (*at == ' ' || !lines_number(at, &cpu) || cpu >= count)
		return;
	for (int mode = 0; mode < _CPU_MODE_MAX; mode++) {
		at += strcspn(at, " \n");
		if (*at != ' ' || !lines_number(at, &ticks))
			return;
		times.ns[mode] = lines_times(ticks, ns_per_tick);
		at += strspn(at, " ");
	}
	cpus[cpu] = times;
}

void node_parse_stat(struct node_use *to, struct cpu_times *cpus, size_t count, const char *text)
{
	struct system_use *s = &to->system;
	const struct line rows[] = {
		{ "intr", &s->interrupts },       { "ctxt", &s->context_switches },
		{ "btime", &s->booted_s },        { "processes", &s->forks },
		{ "procs_running", &s->running }, { "procs_blocked", &s->blocked },
	};

	for (const char *line = text; !strncmp(line, "cpu", 3);) {
		parse_cpu(cpus, count, line);
		line = strchrnul(line, '\n');
		line += *line == '\n';
		text = line;
	}
	s->known |= lines_read(text, rows, COUNT(rows)) == COUNT(rows);
}

void node_parse_loadavg(struct node_use *to, const char *text)
{
	double load[3];

	if (sscanf(text, "%lf %lf %lf", &load[0], &load[1], &load[2]) != 3)
		return;
	for (int i = 0; i < 3; i++)
		to->system.load[i] = load[i] >= 0 && load[i] < 1e9 ? load[i] : 0;
}

void node_parse_file_nr(struct node_use *to, const char *text)
{
	unsigned long long open, unused, limit;

	if (sscanf(text, "%llu %llu %llu", &open, &unused, &limit) != 3)
		return;
	to->system.files_open = open;
	to->system.files_limit = limit;
}

/* --- memory's machinery --- */

void node_parse_vmstat(struct node_use *to, const char *text)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct paging p = { 0 };
	uint64_t in = 0, out = 0, steal_direct = 0;
	const struct line rows[] = {
		{ "pgpgin", &in },
		{ "pgpgout", &out },
		{ "pswpin", &p.swapped_in_bytes },
		{ "pswpout", &p.swapped_out_bytes },
		{ "pgfault", &p.faults },
		{ "pgscan_kswapd", &p.scanned_kswapd },
		{ "pgscan_direct", &p.scanned_direct },
		{ "pgsteal_kswapd", &p.reclaimed },
		{ "pgsteal_direct", &steal_direct },
		{ "thp_fault_alloc", &to->huge_pages.faults },
		{ "thp_fault_fallback", &to->huge_pages.fallbacks },
		{ "thp_collapse_alloc", &to->huge_pages.collapses },
		{ "thp_split_page", &to->huge_pages.splits },
	};

	p.known = lines_read(text, rows, COUNT(rows)) > 0;
	p.in_bytes = lines_times(in, 1024);
	p.out_bytes = lines_times(out, 1024);
	p.swapped_in_bytes = lines_times(p.swapped_in_bytes, page);
	p.swapped_out_bytes = lines_times(p.swapped_out_bytes, page);
	p.reclaimed += steal_direct;
	to->paging = p;
}

void node_parse_policy(char ret[POLICY_TEXT], const char *text)
{
	const char *from = strchr(text, '['), *end = from ? strchr(from, ']') : NULL;

	snprintf(ret, POLICY_TEXT, "%.*s", end ? (int)(end - from - 1) : 0, end ? from + 1 : "");
}

/* mm_stat: orig_data_size compr_data_size mem_used_total mem_limit …; io_stat: failed_reads
 * failed_writes … */
void node_parse_zram(struct zram *to, const char *mm_stat, const char *io_stat)
{
	unsigned long long stored, compressed, used, limit, reads, writes;

	if (sscanf(mm_stat, "%llu %llu %llu %llu", &stored, &compressed, &used, &limit) == 4) {
		to->stored_bytes = stored;
		to->compressed_bytes = compressed;
		to->used_bytes = used;
		to->limit_bytes = limit;
	}
	if (sscanf(io_stat, "%llu %llu", &reads, &writes) == 2) {
		to->failed_reads = reads;
		to->failed_writes = writes;
	}
}

/* --- and the files themselves --- */

struct reader {
	struct fs_machine *machine;
	char text[131072]; /* /proc/stat of 1,024 CPUs */
};

static const char *read_most(struct reader *r, const char *path, size_t size)
{
	return fs_machine_read(r->machine, path, r->text, size) >= 0 ? r->text : "";
}

/* Of a device, which may go. */
static const char *line_of_device(struct reader *r, const char *path)
{
	return fs_machine_read_once(r->machine, path, r->text, LINE_MAX) >= 0 ? r->text : "";
}

static const char *text_of(struct reader *r, const char *path)
{
	return read_most(r, path, sizeof(r->text));
}

/* For some files the kernel sets aside, and clears, as much memory as a reader has room for. */
static const char *line_of(struct reader *r, const char *path)
{
	return read_most(r, path, LINE_MAX);
}

static uint64_t number_in(struct reader *r, const char *folder, const char *file)
{
	char path[256];
	uint64_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	lines_number(line_of(r, path), &n);
	return n;
}

static void read_huge_pages(struct huge_pages *to, struct reader *r)
{
	node_parse_policy(to->enabled, line_of(r, "/sys/kernel/mm/transparent_hugepage/enabled"));
	node_parse_policy(to->defrag, line_of(r, "/sys/kernel/mm/transparent_hugepage/defrag"));
	to->known = to->enabled[0];
}

static void read_same_pages(struct same_pages *to, struct reader *r)
{
	static const char folder[] = "/sys/kernel/mm/ksm";

	to->known = *line_of(r, "/sys/kernel/mm/ksm/run") != '\0';
	if (!to->known)
		return;
	to->running = *r->text == '1';
	to->shared = number_in(r, folder, "pages_shared");
	to->sharing = number_in(r, folder, "pages_sharing");
	to->unshared = number_in(r, folder, "pages_unshared");
	to->volatile_pages = number_in(r, folder, "pages_volatile");
	to->full_scans = number_in(r, folder, "full_scans");
}

static void read_zram(struct node_use *to, struct reader *r, const char *device)
{
	struct zram *z = &to->zram[to->zram_count];
	char path[128], mm_stat[256];

	if (to->zram_count == ZRAM_MAX) {
		to->zram_unread++;
		return;
	}
	*z = (struct zram){ 0 };
	snprintf(path, sizeof(path), "/sys/block/%.32s/mm_stat", device);
	snprintf(mm_stat, sizeof(mm_stat), "%.255s", line_of_device(r, path));
	snprintf(path, sizeof(path), "/sys/block/%.32s/io_stat", device);
	node_parse_zram(z, mm_stat, line_of_device(r, path));
	if (!z->used_bytes) /* made, and never used */
		return;
	snprintf(z->name, sizeof(z->name), "%.31s", device);
	to->zram_count++;
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static void read_zrams(struct node_use *to, struct reader *r)
{
	CLEANUP(closedirp) DIR *devices = NULL;
	const struct dirent *entry;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/block", fs_machine_root(r->machine));
	devices = opendir(path);
	while (devices && (entry = readdir(devices)))
		if (!strncmp(entry->d_name, "zram", 4))
			read_zram(to, r, entry->d_name);
}

void node_files_read(struct node_use *ret, struct cpu_times *cpus, size_t count,
		     struct fs_machine *machine)
{
	CLEANUP(freep) struct reader *r = malloc(sizeof(*r));

	if (!r)
		return;
	r->machine = machine;
	node_parse_stat(ret, cpus, count, text_of(r, "/proc/stat"));
	node_parse_loadavg(ret, line_of(r, "/proc/loadavg"));
	node_parse_file_nr(ret, line_of(r, "/proc/sys/fs/file-nr"));
	node_parse_vmstat(ret, text_of(r, "/proc/vmstat"));
}

void node_files_read_seldom(struct node_use *to, struct fs_machine *machine)
{
	CLEANUP(freep) struct reader *r = malloc(sizeof(*r));

	if (!r)
		return;
	r->machine = machine;
	read_huge_pages(&to->huge_pages, r);
	read_same_pages(&to->same_pages, r);
	read_zrams(to, r);
}

void node_files_copy_seldom(struct node_use *to, const struct node_use *from)
{
	to->huge_pages.known = from->huge_pages.known;
	memcpy(to->huge_pages.enabled, from->huge_pages.enabled, sizeof(to->huge_pages.enabled));
	memcpy(to->huge_pages.defrag, from->huge_pages.defrag, sizeof(to->huge_pages.defrag));
	to->same_pages = from->same_pages;
	to->zram_count = from->zram_count;
	to->zram_unread = from->zram_unread;
	memcpy(to->zram, from->zram, from->zram_count * sizeof(*to->zram));
}
