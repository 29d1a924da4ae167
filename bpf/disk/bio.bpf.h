/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Devices without requests (zram, dm) are given bios.  These are counted when they are queued,
 * and once more for each piece that the device cuts off, as /proc/diskstats does.  The kernel
 * does not keep when that was: fl_disk_queued has it in one word a bio, found by its address.
 * Two bios that share a word overwrite each other; that is seen by the rest of the address and
 * counted as lost.  All other bios pass by, so nothing is counted twice on one device; what a
 * device of bios hands to a disk below is counted there as well.
 */
#pragma once

#include <bpf/bpf_helpers.h>

#include "bpf/disk/count.bpf.h"
#include "bpf/disk/read.bpf.h"

/*
 * When a bio was queued: from the top 48 bits of nanoseconds (three days, then they begin anew)
 * and 16 of its address; other bits of that are the place.
 */
#define QUEUED_BITS 14
#define QUEUED_LOW  16 /* bits below the time */
static __u64 fl_disk_queued[1 << QUEUED_BITS] SEC(".bss.fl_queued");

/* What we have to know of a bio, however it was read. */
struct fl_bio {
	struct fl_request as; /* with its device, bytes and flags */
	__u64 mark;           /* its address, mixed */
};

/* The word of a bio, and what it says but for the time. */
static __always_inline __u64 *queued_at(const struct fl_bio *b)
{
	return &fl_disk_queued[b->mark >> (64 - QUEUED_BITS)];
}

static __always_inline __u64 queued_tag(const struct fl_bio *b)
{
	return b->mark >> 32 & ((1 << QUEUED_LOW) - 1);
}

static __always_inline bool is_noted(const struct fl_bio *b)
{
	__u64 word = *queued_at(b);

	return word && (word & ((1 << QUEUED_LOW) - 1)) == queued_tag(b);
}

/* NULL, and counted as lost, when it has no row: in row 0 it would be taken for a request. */
static __always_inline struct fl_disk_device *device_of_bio(const struct fl_bio *b)
{
	struct fl_disk_device *device = device_of(&b->as);

	if (!device)
		return NULL;
	if (device->index == FL_LEDGER_OTHER) {
		__sync_fetch_and_add(&this_cpu()->lost_bios, 1);
		return NULL;
	}
	if (!device->bio_based)
		device->bio_based = 1;
	return device;
}

static __always_inline void note(const struct fl_bio *b)
{
	if (*queued_at(b))
		__sync_fetch_and_add(&this_cpu()->lost_times, 1);
	*queued_at(b) = bpf_ktime_get_ns() << QUEUED_LOW | queued_tag(b);
}

static __always_inline void queued(const struct fl_bio *b, __u64 cgroup)
{
	struct fl_disk_device *device = device_of_bio(b);

	if (!device)
		return;
	count_started(device, &b->as, cgroup);
	note(b);
}

/*
 * A piece was cut off.  It ends by itself when it became a bio of its own; where the device
 * goes on with the one that it was given there will be one end for all.
 */
static __always_inline void split(const struct fl_bio *b, __u64 cgroup)
{
	const struct fl_request nothing = { .device = b->as.device, .flags = b->as.flags };
	struct fl_disk_device *device = device_of_bio(b);

	if (!device)
		return;
	count_started(device, &nothing, cgroup);
	if (is_noted(b))
		add(&device->op[operation(b->as.flags)].cut, 1);
	else
		note(b);
}

static __always_inline void ended(const struct fl_bio *b, bool failed, __u64 cgroup)
{
	struct fl_disk_device *device = device_of_bio(b);
	struct fl_times t = { .known = is_noted(b) };

	if (t.known) {
		t.device =
			time_of(((bpf_ktime_get_ns() << QUEUED_LOW) - *queued_at(b)) >> QUEUED_LOW);
		*queued_at(b) = 0;
	}
	if (device)
		count_back(device, operation(b->as.flags), &t, failed, cgroup);
}

static __always_inline struct fl_bio look_at_bio(struct bio *bio, bool typed)
{
	struct fl_bio b = { .as = { .device = number_of(disk_of(bio, typed), typed),
				    .bytes = READ(typed, bio, bi_iter.bi_size),
				    .flags = READ(typed, bio, bi_opf) } };
	void *address = bio;

	if (typed) /* the verifier lets a pointer only be subtracted from another */
		asm volatile("%0 -= %1" : "+r"(address) : "r"(fl_disk_queued));
	b.mark = (__u64)address * 0x9E3779B97F4A7C15ull;
	return b;
}

/* Most bios are on the way to a request, and are none of ours. */
static __always_inline bool has_no_requests(struct bio *bio, bool typed)
{
	return typed ? bio->bi_bdev->bd_disk->fops->submit_bio
		     : BPF_CORE_READ(bio, bi_bdev, bd_disk, fops, submit_bio);
}
