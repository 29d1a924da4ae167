/* SPDX-License-Identifier: Apache-2.0 */
/* disk_sample: the disk I/O counted since load, at one moment.  Plain values. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/hist.h"
#include "agent/probes/self_sample.h"
#include "bpf/disk/disk.h"

struct disk_count {
	uint64_t ios, bytes; /* given to the device */
	uint64_t requeued;   /* started besides, and taken back */
	uint64_t completed, errors, merged, unsplit, untimed;
	struct hist queue, device; /* of those completed */
};

struct disk_share_count {
	uint64_t ios, bytes, errors;
};

struct disk_detail {
	struct disk_times {
		uint64_t untimed;          /* came back, and is in neither of these */
		struct hist queue, device; /* of those that came back */
	} op[FL_DISK_OPS];
};

/* Shares that found no row, or whose device is gone: of disks, and of devices of bios. */
enum { DISK_GONE, DISK_GONE_BIO, _DISK_GONE_MAX };

/* The cgroup of a share that is what all cgroups that are gone had given to a device. */
#define DISK_CGROUPS_GONE UINT64_MAX

struct disk_sample {
	size_t device_count, share_count;
	/* Requests whose device or cgroup found no row, and that came back without a stamp. */
	uint64_t no_device_row, no_cgroup_row, untimed;
	struct disk_device_sample {
		uint32_t number; /* major << 20 | minor; 0: all that found no row */
		uint32_t index;  /* by which shares name it */
		bool bio_based;  /* what it does may be done by a disk below once more */
		struct disk_count op[FL_DISK_OPS];
	} *devices; /* owned */
	struct disk_share {
		uint64_t cgroup; /* 0: nobody's; or DISK_CGROUPS_GONE */
		uint32_t index;  /* of the device */
		bool bio_based;  /* so is that */
		struct disk_share_count op[FL_DISK_OPS];
	} *shares; /* owned */
	/* One a share, and then those of `gone`; owned; NULL where nobody asked for them. */
	struct disk_detail *details;
	struct disk_share_count gone[_DISK_GONE_MAX][FL_DISK_OPS];
	uint64_t lost_bios;  /* not counted: their device found no row */
	uint64_t lost_times; /* of bios that were counted */
	struct self_sample self;
};

void disk_sample_clear(struct disk_sample *s); /* frees what it owns; all zero afterwards */
int disk_sample_copy(struct disk_sample *to, const struct disk_sample *from);
