/* SPDX-License-Identifier: Apache-2.0 */
/* disk_sample: the disk I/O counted since load, at one moment.  Plain values. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/base/hist.h"
#include "bpf/disk/disk.h"

struct disk_count {
	uint64_t ios, bytes; /* given to the device */
	uint64_t completed, errors, merged, unsplit;
	struct hist queue, device; /* of those completed */
};

struct disk_share_count {
	uint64_t ios, bytes;
};

struct disk_sample {
	size_t device_count, share_count;
	/* Requests whose device or cgroup found no row, and that came back without a stamp. */
	uint64_t no_device_row, no_cgroup_row, untimed;
	struct disk_device_sample {
		uint32_t number; /* major << 20 | minor; 0: all that found no row */
		uint32_t index;  /* by which shares name it */
		struct disk_count op[FL_DISK_OPS];
	} *devices; /* owned */
	struct disk_share {
		uint64_t cgroup; /* 0: nobody's */
		uint32_t index;  /* of the device */
		struct disk_share_count op[FL_DISK_OPS];
	} *shares; /* owned */
	struct disk_share_count
		gone[FL_DISK_OPS]; /* of shares that found no row, or whose cgroup is gone */
};

void disk_sample_clear(struct disk_sample *s); /* frees what it owns; all zero afterwards */
int disk_sample_copy(struct disk_sample *to, const struct disk_sample *from);
