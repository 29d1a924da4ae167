/* SPDX-License-Identifier: Apache-2.0 */
/* node_totals: what the kernel's own files count for the whole node. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For how long tasks stood still for want of something (PSI): at least one, and all there were. */
enum pressure_of { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, _PRESSURE_MAX };
struct pressure {
	bool known;
	uint64_t some_ns, full_ns;
};
extern const char *const pressure_names[];

struct memory {
	bool known;
	uint64_t total_bytes, available_bytes, free_bytes, cached_bytes, dirty_bytes;
	uint64_t writeback_bytes, swap_total_bytes, swap_free_bytes;
	uint64_t buffers_bytes, swap_cached_bytes, active_bytes, inactive_bytes, anon_bytes;
	uint64_t mapped_bytes, shmem_bytes, slab_reclaimable_bytes, slab_unreclaimable_bytes;
	uint64_t page_tables_bytes, kernel_stack_bytes, committed_bytes, commit_limit_bytes;
	uint64_t anon_huge_bytes;                   /* transparent huge pages */
	uint64_t huge_total_bytes, huge_free_bytes; /* those set aside, of the default size */
	uint64_t major_faults, oom_kills;           /* since boot */
	bool file_known;
	uint64_t file_pages; /* in the page cache, without memory of its own (tmpfs) */
	uint64_t dirtied_pages, written_pages; /* since boot */
};

enum { INTERFACES_MAX = 64, INTERFACE_NAME = 16 };
struct interface {
	char name[INTERFACE_NAME];
	struct interface_way {
		uint64_t bytes, packets, errors, dropped;
	} received, sent;
};
struct network {
	size_t count, unread; /* interfaces; those beyond INTERFACES_MAX */
	struct interface interfaces[INTERFACES_MAX];
};

/* What is between two readings; what is new or fell (an interface made anew) counts from zero. */
void pressure_between(struct pressure ret[_PRESSURE_MAX], const struct pressure *then,
		      const struct pressure *now);
void network_between(struct network *ret, const struct network *then, const struct network *now);
