/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * read: fields of the kernel's objects, for programs that come in two: where the hook has types
 * (typed) they are loaded, where it has none they are copied by a helper that checks.  `typed` is
 * a constant everywhere, so that of the two one is left.
 */
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define READ(typed, from, field) ((typed) ? (from)->field : BPF_CORE_READ(from, field))

static __always_inline __u32 number_of(struct gendisk *disk, bool typed)
{
	return READ(typed, disk, major) << 20 | READ(typed, disk, first_minor);
}

static __always_inline struct gendisk *disk_of(struct bio *bio, bool typed)
{
	return typed ? bio->bi_bdev->bd_disk : BPF_CORE_READ(bio, bi_bdev, bd_disk);
}

/* The cgroup that is charged; 0 for nobody. */
static __always_inline __u64 cgroup_of_bio(struct bio *bio, bool typed)
{
	if (!bpf_core_field_exists(bio->bi_blkg))
		return 0;
	return typed ? bio->bi_blkg->blkcg->css.cgroup->kn->id
		     : BPF_CORE_READ(bio, bi_blkg, blkcg, css.cgroup, kn, id);
}

static __always_inline __u64 cgroup_of(struct request *rq, bool typed)
{
	struct bio *bio = READ(typed, rq, bio);

	return bio ? cgroup_of_bio(bio, typed) : 0;
}
