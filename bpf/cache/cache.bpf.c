/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The page cache, in pages, per CPU and per cgroup: what was read through it, what of that the
 * reader had to wait for, what came in, went out, was changed, and was faulted in.
 *
 * Who is counted for is the task that does it: a page that the kernel's own reclaim takes out
 * is the root cgroup's eviction, one that a cgroup at its limit takes out is the cgroup's.
 *
 * A read of many pages asks for them in several goes, each from where the last one ended to
 * the same end: only the first counts.  fl_cache_read has the last go of each task, in one word
 * found by its id; a second read of the same end from further on is taken for such a go.  What
 * lies beyond the end of the file is not counted: whole files are read with buffers that are
 * larger.
 *
 * The kernel does not trace a go whose last folio is still being read when the others are there
 * (filemap_get_pages() returns these): where that is the first go of a large cold read, its pages
 * are missing in the accesses.  Nothing else is missing, and fills are exact.
 *
 * A folio may be many pages, and is counted as such.  Files that are memory themselves (tmpfs)
 * are no cache: their pages pass by.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/cache/cache.h"
#include "bpf/lib/ledger.bpf.h"
#include "bpf/lib/self.bpf.h"

#define PAGE_BITS   12 /* of x86 and of most others; CONFIG_PAGE_SHIFT is not everywhere */
#define TMPFS_MAGIC 0x01021994

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct fl_cache_cpu fl_cache_cpu[FL_CPUS] SEC(".bss.fl_cpu");
struct fl_cache_cgroup fl_cache_cgroup[FL_LEDGER_SHARDS * FL_LEDGER_ROWS] SEC(".bss.fl_cgroup");

/* The last read of a task: 32 bits of what it reads up to where, and of where it began. */
#define READ_BITS 14
static __u64 fl_cache_read[1 << READ_BITS] SEC(".bss.fl_read");

static __always_inline struct fl_cache_cpu *this_cpu(void)
{
	return &fl_cache_cpu[bpf_get_smp_processor_id() & (FL_CPUS - 1)];
}

static __always_inline struct fl_cache_cgroup *row_of_current(const struct fl_cache_cpu *cpu)
{
	return fl_ledger_row(fl_cache_cgroup, sizeof(struct fl_cache_cgroup), FL_LEDGER_ROWS,
			     FL_LEDGER_SHARDS, cpu->shard, bpf_get_current_cgroup_id());
}

static __always_inline void count(struct fl_cache_cpu *cpu, enum fl_cache_count what, __u64 n)
{
	__sync_fetch_and_add(&cpu->n[what], n);
	if (!cpu->no_cgroups)
		__sync_fetch_and_add(&row_of_current(cpu)->n[what], n);
}

/* --- folios: the same fields at other places, of other types --- */

struct folio___plain_flags { /* before 6.18 */
	long unsigned int flags;
} __attribute__((preserve_access_index));

struct folio___own_order { /* 6.1 */
	unsigned char _folio_order;
} __attribute__((preserve_access_index));

static __always_inline bool is_large(__u64 flags)
{
	return flags >> bpf_core_enum_value(enum pageflags, PG_head) & 1;
}

static __always_inline __u32 pages_of(struct folio *folio)
{
	struct folio___plain_flags *plain = (void *)folio;
	struct folio___own_order *own = (void *)folio;
	__u64 flags, order;

	flags = bpf_core_field_exists(plain->flags) ? plain->flags : folio->flags.f;
	if (!is_large(flags))
		return 1;
	order = bpf_core_field_exists(own->_folio_order) ? own->_folio_order
							 : folio->_flags_1 & 0xff;
	return 1u << (order & 31);
}

/* The same by checked copies, for the hooks without types. */
static __always_inline __u32 pages_of_raw(struct folio *folio)
{
	struct folio___plain_flags *plain = (void *)folio;
	struct folio___own_order *own = (void *)folio;
	__u64 flags, order;

	flags = bpf_core_field_exists(plain->flags) ? BPF_CORE_READ(plain, flags)
						    : BPF_CORE_READ(folio, flags.f);
	if (!is_large(flags))
		return 1;
	order = bpf_core_field_exists(own->_folio_order) ? BPF_CORE_READ(own, _folio_order)
							 : BPF_CORE_READ(folio, _flags_1) & 0xff;
	return 1u << (order & 31);
}

static __always_inline bool is_memory(struct folio *folio)
{
	return folio->mapping->host->i_sb->s_magic == TMPFS_MAGIC;
}

static __always_inline bool is_memory_raw(struct folio *folio)
{
	return BPF_CORE_READ(folio, mapping, host, i_sb, s_magic) == TMPFS_MAGIC;
}

/* --- what is counted --- */

/* The pages from index to last of a file of so many bytes, or the rest of such a read. */
static __always_inline int got(__u64 inode, __u64 index, __u64 last, __u64 bytes)
{
	struct fl_cache_cpu *cpu = this_cpu();
	__u64 begun = fl_self_begin(&cpu->self[FL_CACHE_GET]);
	__u64 end = (bytes + (1 << PAGE_BITS) - 1) >> PAGE_BITS; /* the first page beyond */
	__u64 *word = &fl_cache_read[bpf_get_current_pid_tgid() & ((1 << READ_BITS) - 1)];
	__u64 before = *word, now = inode * 0x9E3779B97F4A7C15ull + last;

	*word = now << 32 | (__u32)index;
	if (before >> 32 == (now & 0xffffffff) && (__u32)before < (__u32)index)
		goto out;
	if (last >= end)
		last = end - 1;
	if (!bytes || index > last)
		goto out;
	count(cpu, FL_CACHE_READS, 1);
	count(cpu, FL_CACHE_ACCESSES, last - index + 1);
out:
	fl_self_end(&cpu->self[FL_CACHE_GET], begun);
	return 0;
}

static __always_inline int missed(__u64 index, __u64 bytes)
{
	struct fl_cache_cpu *cpu = this_cpu();
	__u64 begun = fl_self_begin(&cpu->self[FL_CACHE_MISS]);

	if (index << PAGE_BITS < bytes)
		count(cpu, FL_CACHE_MISSES, 1);
	fl_self_end(&cpu->self[FL_CACHE_MISS], begun);
	return 0;
}

static __always_inline int happened(enum fl_cache_program program, enum fl_cache_count what,
				    __u64 pages)
{
	struct fl_cache_cpu *cpu = this_cpu();
	__u64 begun = fl_self_begin(&cpu->self[program]);

	count(cpu, what, pages);
	fl_self_end(&cpu->self[program], begun);
	return 0;
}

SEC("tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(fl_cache_add, struct folio *folio)
{
	return happened(FL_CACHE_ADD, FL_CACHE_FILLS, pages_of(folio));
}

SEC("raw_tp/mm_filemap_add_to_page_cache")
int BPF_PROG(fl_cache_add_raw, struct folio *folio)
{
	return happened(FL_CACHE_ADD, FL_CACHE_FILLS, pages_of_raw(folio));
}

SEC("tp_btf/mm_filemap_delete_from_page_cache")
int BPF_PROG(fl_cache_delete, struct folio *folio)
{
	if (is_memory(folio))
		return 0;
	return happened(FL_CACHE_DELETE, FL_CACHE_EVICTIONS, pages_of(folio));
}

SEC("raw_tp/mm_filemap_delete_from_page_cache")
int BPF_PROG(fl_cache_delete_raw, struct folio *folio)
{
	if (is_memory_raw(folio))
		return 0;
	return happened(FL_CACHE_DELETE, FL_CACHE_EVICTIONS, pages_of_raw(folio));
}

SEC("tp_btf/writeback_dirty_folio")
int BPF_PROG(fl_cache_dirty, struct folio *folio)
{
	return happened(FL_CACHE_DIRTY, FL_CACHE_DIRTIED, pages_of(folio));
}

SEC("raw_tp/writeback_dirty_folio")
int BPF_PROG(fl_cache_dirty_raw, struct folio *folio)
{
	return happened(FL_CACHE_DIRTY, FL_CACHE_DIRTIED, pages_of_raw(folio));
}

/* --- reads: a tracepoint since 6.11, before that the function --- */

SEC("tp_btf/mm_filemap_get_pages")
int BPF_PROG(fl_cache_get, struct address_space *mapping, unsigned long index, unsigned long last)
{
	return got(mapping->host->i_ino, index, last, mapping->host->i_size);
}

SEC("raw_tp/mm_filemap_get_pages")
int BPF_PROG(fl_cache_get_raw, struct address_space *mapping, unsigned long index,
	     unsigned long last)
{
	struct inode *inode = BPF_CORE_READ(mapping, host);

	return got(BPF_CORE_READ(inode, i_ino), index, last, BPF_CORE_READ(inode, i_size));
}

/* How much is to be read was said by an iov_iter at first, by a number later. */
SEC("fentry/filemap_get_pages")
int fl_cache_get_entry(void *context)
{
	__u64 iocb, iter_or_count, at, bytes;
	struct inode *inode;

	/* fetched, as the arguments themselves have types that the verifier holds us to */
	if (bpf_get_func_arg(context, 0, &iocb) || bpf_get_func_arg(context, 1, &iter_or_count))
		return 0;
	inode = BPF_CORE_READ((struct kiocb *)iocb, ki_filp, f_mapping, host);
	at = BPF_CORE_READ((struct kiocb *)iocb, ki_pos);
	bytes = iter_or_count;
	if ((__s64)iter_or_count < 0)
		bytes = BPF_CORE_READ((struct iov_iter *)iter_or_count, count);
	if (!bytes)
		return 0;
	return got(BPF_CORE_READ(inode, i_ino), at >> PAGE_BITS, (at + bytes - 1) >> PAGE_BITS,
		   BPF_CORE_READ(inode, i_size));
}

/* --- misses: a tracepoint since 6.18 --- */

SEC("tp_btf/page_cache_sync_ra")
int BPF_PROG(fl_cache_miss, struct inode *inode, unsigned long index)
{
	return missed(index, inode->i_size);
}

SEC("raw_tp/page_cache_sync_ra")
int BPF_PROG(fl_cache_miss_raw, struct inode *inode, unsigned long index)
{
	return missed(index, BPF_CORE_READ(inode, i_size));
}

SEC("fentry/page_cache_sync_ra")
int BPF_PROG(fl_cache_miss_entry, struct readahead_control *of)
{
	return missed(of->_index, of->mapping->host->i_size);
}

/* --- faults: a tracepoint since 6.11 --- */

SEC("tp_btf/mm_filemap_fault")
int BPF_PROG(fl_cache_fault)
{
	return happened(FL_CACHE_FAULT, FL_CACHE_FAULTS, 1);
}

SEC("raw_tp/mm_filemap_fault")
int BPF_PROG(fl_cache_fault_raw)
{
	return happened(FL_CACHE_FAULT, FL_CACHE_FAULTS, 1);
}

SEC("fentry/filemap_fault")
int BPF_PROG(fl_cache_fault_entry)
{
	return happened(FL_CACHE_FAULT, FL_CACHE_FAULTS, 1);
}
