/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be loaded of bpf/cache, for agent/probes/load; parts as enum fl_cache_program. */
#include "agent/probes/load.h"
#include "bpf/cache/cache.h"
#include "bpf/cache/cache.skel.h"

static void set_up(struct bpf_object *object, const struct load_shape *shape, bool cgroups)
{
	struct fl_cache_cpu *rows = load_data(object, ".bss.fl_cpu");

	for (uint32_t cpu = 0; cpu < FL_CPUS; cpu++) {
		rows[cpu].shard = cpu % shape->shards * FL_LEDGER_ROWS;
		rows[cpu].no_cgroups = !cgroups;
	}
}

const struct load_subject cache_subject = {
	.name = "cache",
	.bytes = cache_bpf__elf_bytes,
	.maps = { ".bss.fl_cpu", ".bss.fl_cgroup" },
	.parts = { { "mm_filemap_get_pages",
		     "pages read through the page cache",
		     false,
		     { { "tp_btf/mm_filemap_get_pages", "fl_cache_get" },
		       { "raw_tp/mm_filemap_get_pages", "fl_cache_get_raw" },
		       { "fentry/filemap_get_pages", "fl_cache_get_entry" } } },
		   { "page_cache_sync_ra",
		     "reads that had to wait for the page cache",
		     false,
		     { { "tp_btf/page_cache_sync_ra", "fl_cache_miss" },
		       { "raw_tp/page_cache_sync_ra", "fl_cache_miss_raw" },
		       { "fentry/page_cache_sync_ra", "fl_cache_miss_entry" } } },
		   { "mm_filemap_add_to_page_cache",
		     "pages that come into the page cache",
		     false,
		     { { "tp_btf/mm_filemap_add_to_page_cache", "fl_cache_add" },
		       { "raw_tp/mm_filemap_add_to_page_cache", "fl_cache_add_raw" } } },
		   { "mm_filemap_delete_from_page_cache",
		     "pages that go out of the page cache",
		     false,
		     { { "tp_btf/mm_filemap_delete_from_page_cache", "fl_cache_delete" },
		       { "raw_tp/mm_filemap_delete_from_page_cache", "fl_cache_delete_raw" } } },
		   { "writeback_dirty_folio",
		     "pages of files that were changed",
		     false,
		     { { "tp_btf/writeback_dirty_folio", "fl_cache_dirty" },
		       { "raw_tp/writeback_dirty_folio", "fl_cache_dirty_raw" } } },
		   { "mm_filemap_fault",
		     "faults on mapped files",
		     false,
		     { { "tp_btf/mm_filemap_fault", "fl_cache_fault" },
		       { "raw_tp/mm_filemap_fault", "fl_cache_fault_raw" },
		       { "fentry/filemap_fault", "fl_cache_fault_entry" } } } },
	.set_up = set_up,
};
