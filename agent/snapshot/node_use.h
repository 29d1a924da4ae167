/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_use: what the kernel's own files say of the whole node beside node_totals, read only
 * when somebody asks: who used the CPUs, the load, memory's machinery, filesystems, disks.
 * Counters are since boot.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cpu_mode {
	CPU_USER, /* with what guests used */
	CPU_NICE,
	CPU_SYSTEM,
	CPU_IDLE,
	CPU_IOWAIT,
	CPU_IRQ,
	CPU_SOFTIRQ,
	CPU_STEAL,
	_CPU_MODE_MAX
};
extern const char *const cpu_mode_names[];

struct cpu_times {
	bool known; /* of a CPU that is offline the kernel says nothing */
	uint64_t ns[_CPU_MODE_MAX];
};

struct system_use {
	bool known;
	double load[3]; /* over 1, 5, 15 minutes */
	uint64_t context_switches, interrupts, forks;
	uint64_t running, blocked; /* tasks now */
	uint64_t booted_s;         /* wall clock */
	uint64_t files_open, files_limit;
};

struct paging {
	bool known;
	uint64_t faults;              /* major ones as well */
	uint64_t in_bytes, out_bytes; /* from and to disks, swapped ones as well */
	uint64_t swapped_in_bytes, swapped_out_bytes;
	uint64_t scanned_kswapd, scanned_direct; /* pages looked at to win memory */
	uint64_t reclaimed;                      /* pages won that way */
};

enum { POLICY_TEXT = 16 };
struct huge_pages { /* transparent ones */
	bool known;
	char enabled[POLICY_TEXT], defrag[POLICY_TEXT]; /* the policy in force */
	uint64_t faults, fallbacks, collapses, splits;
};

struct same_pages { /* KSM */
	bool known;
	bool running;
	uint64_t shared, sharing, unshared, volatile_pages, full_scans;
};

enum { ZRAM_MAX = 8, FILESYSTEMS_MAX = 64, BUSY_MAX = 128, DEVICE_NAME = 32, MOUNT_PATH = 256 };
struct zram {
	char name[DEVICE_NAME];
	uint64_t stored_bytes, compressed_bytes, used_bytes, limit_bytes; /* limit 0: none */
	uint64_t failed_reads, failed_writes;
};

struct filesystem {
	char path[MOUNT_PATH], device[MOUNT_PATH], type[16];
	unsigned int mount;  /* its number in mountinfo */
	unsigned long which; /* as statvfs() tells filesystems apart */
	bool read_only;
	uint64_t size_bytes, free_bytes, available_bytes; /* available to whom is not root */
	uint64_t inodes, inodes_free;                     /* 0 where there is no such limit */
};

struct disk_busy {
	char name[DEVICE_NAME];
	uint64_t ns;        /* for how long it had anything to do */
	uint64_t window_ns; /* of that, in the snapshot's window */
};

struct node_use {
	struct system_use system;
	struct paging paging;
	struct huge_pages huge_pages;
	struct same_pages same_pages;
	size_t zram_count, zram_unread;
	struct zram zram[ZRAM_MAX];
	/* unread: beyond FILESYSTEMS_MAX; refused: the kernel would not tell us */
	size_t filesystem_count, filesystems_unread, filesystems_refused;
	struct filesystem filesystems[FILESYSTEMS_MAX];
	size_t busy_count, busy_unread;
	struct disk_busy busy[BUSY_MAX];
};

/* What was counted between two readings of a CPU; not known unless both are. */
void cpu_times_between(struct cpu_times *ret, const struct cpu_times *then,
		       const struct cpu_times *now);
