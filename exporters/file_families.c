/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cgroup's lines are bounded: those here come to eight at most, and a counter of it that is still
 * 0 is left out, but for kills.  All else that its files say is in the snapshot.
 */
#include "exporters/file_families.h"

#include <stdio.h>

#include "agent/snapshot/snapshot.h"
#include "exporters/families_room.h"

/* --- the node --- */

void file_cpu(snap *s, sink *to)
{
	char cpu[16];

	for (size_t i = 0; i < s->cpu_count; i++) {
		const struct cpu_times *t = &s->cpus[i].time_total;

		snprintf(cpu, sizeof(cpu), "%u", s->cpus[i].cpu);
		for (int mode = 0; t->known && mode < _CPU_MODE_MAX; mode++)
			value(to, LABELS("cpu", cpu, "mode", cpu_mode_names[mode]),
			      in_seconds(t->ns[mode]));
	}
}

void file_load(snap *s, sink *to)
{
	static const char *const over[] = { "1m", "5m", "15m" };

	for (int i = 0; s->node.system.known && i < 3; i++)
		value(to, LABELS("over", over[i]), s->node.system.load[i]);
}

SINGLE_FAMILY(file_context_switches, node.system.known, node.system.context_switches)
SINGLE_FAMILY(file_interrupts, node.system.known, node.system.interrupts)
SINGLE_FAMILY(file_forks, node.system.known, node.system.forks)
SINGLE_FAMILY(file_boot_time, node.system.known, node.system.booted_s)

/* Two values of a part under one label. */
static void two(sink *to, bool known, const char *label, const char *one, uint64_t n,
		const char *other, uint64_t m)
{
	if (!known)
		return;
	value(to, LABELS(label, one), (double)n);
	value(to, LABELS(label, other), (double)m);
}

void file_tasks(snap *s, sink *to)
{
	const struct system_use *y = &s->node.system;

	two(to, y->known, "state", "running", y->running, "blocked", y->blocked);
}

void file_open_files(snap *s, sink *to)
{
	const struct system_use *y = &s->node.system;

	two(to, y->known, "state", "open", y->files_open, "limit", y->files_limit);
}

void file_memory(const struct memory *m, sink *to)
{
	const struct {
		const char *state;
		uint64_t bytes;
	} rows[] = {
		{ "buffers", m->buffers_bytes },
		{ "swap_cached", m->swap_cached_bytes },
		{ "active", m->active_bytes },
		{ "inactive", m->inactive_bytes },
		{ "anon", m->anon_bytes },
		{ "mapped", m->mapped_bytes },
		{ "shmem", m->shmem_bytes },
		{ "slab_reclaimable", m->slab_reclaimable_bytes },
		{ "slab_unreclaimable", m->slab_unreclaimable_bytes },
		{ "page_tables", m->page_tables_bytes },
		{ "kernel_stack", m->kernel_stack_bytes },
		{ "committed", m->committed_bytes },
		{ "commit_limit", m->commit_limit_bytes },
		{ "anon_huge", m->anon_huge_bytes },
		{ "huge_total", m->huge_total_bytes },
		{ "huge_free", m->huge_free_bytes },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		value(to, LABELS("state", rows[i].state), (double)rows[i].bytes);
}

SINGLE_FAMILY(file_faults, node.paging.known, node.paging.faults)

void file_paged(snap *s, sink *to)
{
	const struct paging *p = &s->node.paging;

	two(to, p->known, "way", "in", p->in_bytes, "out", p->out_bytes);
}

void file_swapped(snap *s, sink *to)
{
	const struct paging *p = &s->node.paging;

	two(to, p->known, "way", "in", p->swapped_in_bytes, "out", p->swapped_out_bytes);
}

void file_scanned(snap *s, sink *to)
{
	const struct paging *p = &s->node.paging;

	two(to, p->known, "by", "kswapd", p->scanned_kswapd, "direct", p->scanned_direct);
}

SINGLE_FAMILY(file_reclaimed, node.paging.known, node.paging.reclaimed)

void file_huge_pages(snap *s, sink *to)
{
	const struct huge_pages *h = &s->node.huge_pages;

	two(to, h->known, "event", "fault", h->faults, "fallback", h->fallbacks);
	two(to, h->known, "event", "collapse", h->collapses, "split", h->splits);
}

void file_ksm_pages(snap *s, sink *to)
{
	const struct same_pages *k = &s->node.same_pages;

	two(to, k->known, "state", "shared", k->shared, "sharing", k->sharing);
	two(to, k->known, "state", "unshared", k->unshared, "volatile", k->volatile_pages);
}

SINGLE_FAMILY(file_ksm_scans, node.same_pages.known, node.same_pages.full_scans)

void file_zram_bytes(snap *s, sink *to)
{
	for (size_t i = 0; i < s->node.zram_count; i++) {
		const struct zram *z = &s->node.zram[i];

		value(to, LABELS("device", z->name, "state", "stored"), (double)z->stored_bytes);
		value(to, LABELS("device", z->name, "state", "compressed"),
		      (double)z->compressed_bytes);
		value(to, LABELS("device", z->name, "state", "used"), (double)z->used_bytes);
	}
}

void file_zram_failed(snap *s, sink *to)
{
	for (size_t i = 0; i < s->node.zram_count; i++) {
		const struct zram *z = &s->node.zram[i];

		value(to, LABELS("device", z->name, "op", "read"), (double)z->failed_reads);
		value(to, LABELS("device", z->name, "op", "write"), (double)z->failed_writes);
	}
}

#define OF_FILESYSTEM(f) "mountpoint", (f)->path, "device", (f)->device, "type", (f)->type

void file_filesystem_bytes(snap *s, sink *to)
{
	for (size_t i = 0; i < s->node.filesystem_count; i++) {
		const struct filesystem *f = &s->node.filesystems[i];

		value(to, LABELS(OF_FILESYSTEM(f), "state", "size"), (double)f->size_bytes);
		value(to, LABELS(OF_FILESYSTEM(f), "state", "free"), (double)f->free_bytes);
		value(to, LABELS(OF_FILESYSTEM(f), "state", "available"),
		      (double)f->available_bytes);
	}
}

void file_filesystem_inodes(snap *s, sink *to)
{
	for (size_t i = 0; i < s->node.filesystem_count; i++) {
		const struct filesystem *f = &s->node.filesystems[i];

		if (!f->inodes)
			continue;
		value(to, LABELS(OF_FILESYSTEM(f), "state", "size"), (double)f->inodes);
		value(to, LABELS(OF_FILESYSTEM(f), "state", "free"), (double)f->inodes_free);
	}
}

void file_filesystem_readonly(snap *s, sink *to)
{
	for (size_t i = 0; i < s->node.filesystem_count; i++)
		value(to, LABELS(OF_FILESYSTEM(&s->node.filesystems[i])),
		      s->node.filesystems[i].read_only);
}

void file_disk_busy(snap *s, sink *to)
{
	for (size_t i = 0; i < s->node.busy_count; i++)
		value(to, LABELS("device", s->node.busy[i].name), in_seconds(s->node.busy[i].ns));
}

void file_not_read(snap *s, sink *to)
{
	const struct {
		const char *what;
		size_t count;
	} rows[] = {
		{ "cgroups", s->cgroups_unread },
		{ "cgroup_files_refused", s->cgroup_files_refused },
		{ "filesystems", s->node.filesystems_unread },
		{ "filesystems_refused", s->node.filesystems_refused },
		{ "block_devices", s->node.busy_unread },
		{ "zram", s->node.zram_unread },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		value(to, LABELS("what", rows[i].what), (double)rows[i].count);
}

/* --- cgroups --- */

void file_hierarchy(snap *s, sink *to)
{
	char hierarchy[8];

	for (int of = 0; of < _USE_MAX; of++) {
		if (!s->cgroup_version[of])
			continue;
		snprintf(hierarchy, sizeof(hierarchy), "v%d", s->cgroup_version[of]);
		value(to, LABELS("of", use_names[of], "hierarchy", hierarchy), 1);
	}
}

/* The next cgroup of which this is known, or NULL; *at begins with 0. */
static const struct cgroup_snapshot *next(snap *s, size_t *at, enum use_of of)
{
	while (*at < s->cgroup_count) {
		const struct cgroup_snapshot *c = &s->cgroups[(*at)++];

		if (c->use_total.version[of])
			return c;
	}
	return NULL;
}

void file_cgroup_cpu(snap *s, sink *to)
{
	const struct cgroup_snapshot *c;

	for (size_t at = 0; (c = next(s, &at, USE_CPU));) {
		const struct cgroup_cpu *cpu = &c->use_total.cpu;

		if (cpu->user_ns)
			value(to, LABELS(OF_CGROUP(c), "mode", "user"), in_seconds(cpu->user_ns));
		if (cpu->system_ns)
			value(to, LABELS(OF_CGROUP(c), "mode", "system"),
			      in_seconds(cpu->system_ns));
	}
}

void file_cgroup_throttled(snap *s, sink *to)
{
	const struct cgroup_snapshot *c;

	for (size_t at = 0; (c = next(s, &at, USE_THROTTLING));)
		if (c->use_total.throttling.periods)
			value(to, LABELS(OF_CGROUP(c)),
			      in_seconds(c->use_total.throttling.throttled_ns));
}

void file_cgroup_memory(snap *s, sink *to)
{
	const struct cgroup_snapshot *c;

	for (size_t at = 0; (c = next(s, &at, USE_MEMORY));) {
		const struct cgroup_memory *m = &c->use_total.memory;

		value(to, LABELS(OF_CGROUP(c), "state", "used"), (double)m->used_bytes);
		if (m->limit_bytes != USE_NO_LIMIT)
			value(to, LABELS(OF_CGROUP(c), "state", "limit"), (double)m->limit_bytes);
	}
}

/* Also 0: a first kill must be seen as one more. */
void file_cgroup_oom_kills(snap *s, sink *to)
{
	const struct cgroup_snapshot *c;

	for (size_t at = 0; (c = next(s, &at, USE_MEMORY));)
		value(to, LABELS(OF_CGROUP(c)), (double)c->use_total.memory.oom_kills);
}

void file_cgroup_pressure(snap *s, sink *to)
{
	const struct cgroup_snapshot *c;

	for (size_t at = 0; (c = next(s, &at, USE_PRESSURE));)
		for (int of = PRESSURE_MEMORY; of < _PRESSURE_MAX;
		     of++) /* waits for a CPU are told */
			if (c->use_total.pressure[of].some_ns)
				value(to,
				      LABELS(OF_CGROUP(c), "of", pressure_names[of], "stalled",
					     "some"),
				      in_seconds(c->use_total.pressure[of].some_ns));
}
