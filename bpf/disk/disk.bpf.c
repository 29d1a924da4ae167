/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Disk I/O: per device and operation counts, bytes, errors, merges and where the time went; per
 * cgroup and device counts, bytes, errors and, unless it is too dear, times.
 *
 * Counts and bytes are taken when a request is given to the device, where they equal what
 * /proc/diskstats says in the end: earlier, merges may still make it longer; later, it has lost
 * its bytes.  Only a flush by itself (fsync of nothing) is never given: see is_lone_flush().  Times
 * need no state of ours: the kernel stamps the request when it is made and when it is started.
 * Where it does not stamp the start (no statistics are kept for the queue) the whole time counts
 * as the device's, and is counted as unsplit.
 *
 * Devices without requests (zram, dm) are given bios: see bio.bpf.h.
 *
 * Blind spots: on kernels that keep BPF away from pid 1 the completions that interrupt that
 * process; the ends of bios that their device hands on as they are (multipath NVMe); before 6.3
 * the single pages that zram is given without a bio (swap, read-ahead).
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/disk/bio.bpf.h"
#include "bpf/disk/count.bpf.h"
#include "bpf/disk/disk.h"
#include "bpf/disk/read.bpf.h"
#include "bpf/lib/self.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline struct fl_request look(struct request *rq, bool typed)
{
	struct gendisk *disk = typed ? rq->q->disk : BPF_CORE_READ(rq, q, disk);

	return (struct fl_request){ .made_ns = READ(typed, rq, start_time_ns),
				    .started_ns = READ(typed, rq, io_start_time_ns),
				    .device = number_of(disk, typed),
				    .bytes = READ(typed, rq, __data_len),
				    .flags = READ(typed, rq, cmd_flags) };
}

static __always_inline bool ends_without_data(const struct fl_request *r, __u32 bytes)
{
	return !bytes && !r->bytes && operation(r->flags) != FL_DISK_FLUSH;
}

/*
 * The flush around a write has ended.  With data the write was counted itself; without, the
 * device only ever saw the flush, but the kernel counts a write of nothing.
 */
static __always_inline bool is_lone_flush(const struct fl_request *r, unsigned short pages)
{
	return !pages && !r->started_ns;
}

/* --- what a hook does, and its program with types and without --- */

static __always_inline int on_issue(struct request *rq, bool typed)
{
	struct fl_self *self = self_of(FL_DISK_ISSUE);
	__u64 begun = fl_self_begin(self);
	const struct fl_request r = look(rq, typed);

	started(&r, cgroup_of(rq, typed));
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(fl_disk_issue, struct request *rq)
{
	return on_issue(rq, true);
}

SEC("raw_tp/block_rq_issue")
int BPF_PROG(fl_disk_issue_raw, struct request *rq)
{
	return on_issue(rq, false);
}

static __always_inline int on_requeue(struct request *rq, bool typed)
{
	struct fl_self *self = self_of(FL_DISK_REQUEUE);
	__u64 begun = fl_self_begin(self);
	const struct fl_request r = look(rq, typed);

	requeued(&r, cgroup_of(rq, typed));
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_rq_requeue")
int BPF_PROG(fl_disk_requeue, struct request *rq)
{
	return on_requeue(rq, true);
}

SEC("raw_tp/block_rq_requeue")
int BPF_PROG(fl_disk_requeue_raw, struct request *rq)
{
	return on_requeue(rq, false);
}

static __always_inline int on_complete(struct request *rq, blk_status_t error, __u32 bytes,
				       bool typed)
{
	struct fl_self *self = self_of(FL_DISK_COMPLETE);
	__u64 begun = fl_self_begin(self), cgroup = cgroup_of(rq, typed);
	const struct fl_request r = look(rq, typed);
	struct bio *bio = READ(typed, rq, bio);

	if (ends_without_data(&r, bytes)) {
		if (!bio || !is_lone_flush(&r, READ(typed, bio, bi_vcnt)))
			goto out;
		started(&r, cgroup);
	}
	completed(&r, error != 0, bytes, cgroup);
out:
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(fl_disk_complete, struct request *rq, blk_status_t error, unsigned int bytes)
{
	return on_complete(rq, error, bytes, true);
}

SEC("raw_tp/block_rq_complete")
int BPF_PROG(fl_disk_complete_raw, struct request *rq, blk_status_t error, unsigned int bytes)
{
	return on_complete(rq, error, bytes, false);
}

SEC("tp_btf/block_rq_merge")
int BPF_PROG(fl_disk_merge, struct request *rq)
{
	struct fl_self *self = self_of(FL_DISK_MERGE);
	__u64 begun = fl_self_begin(self);
	const struct fl_request r = look(rq, true);

	merged(r.device, r.flags);
	fl_self_end(self, begun);
	return 0;
}

static __always_inline int on_bio_merge(enum fl_disk_program program, struct bio *bio)
{
	struct fl_self *self = self_of(program);
	__u64 begun = fl_self_begin(self);

	merged(number_of(disk_of(bio, true), true), bio->bi_opf);
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_bio_backmerge")
int BPF_PROG(fl_disk_backmerge, struct bio *bio)
{
	return on_bio_merge(FL_DISK_BACKMERGE, bio);
}

SEC("tp_btf/block_bio_frontmerge")
int BPF_PROG(fl_disk_frontmerge, struct bio *bio)
{
	return on_bio_merge(FL_DISK_FRONTMERGE, bio);
}

/* --- devices without requests --- */

static __always_inline int on_bio(struct bio *bio, bool typed)
{
	struct fl_self *self = self_of(FL_DISK_BIO);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests(bio, typed)) {
		const struct fl_bio b = look_at_bio(bio, typed);

		queued(&b, cgroup_of_bio(bio, typed));
	}
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_bio_queue")
int BPF_PROG(fl_disk_bio, struct bio *bio)
{
	return on_bio(bio, true);
}

SEC("raw_tp/block_bio_queue")
int BPF_PROG(fl_disk_bio_raw, struct bio *bio)
{
	return on_bio(bio, false);
}

static __always_inline int on_bio_end(struct bio *bio, bool typed)
{
	struct fl_self *self = self_of(FL_DISK_BIO_END);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests(bio, typed)) {
		const struct fl_bio b = look_at_bio(bio, typed);

		ended(&b, READ(typed, bio, bi_status) != 0, cgroup_of_bio(bio, typed));
	}
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_bio_complete")
int BPF_PROG(fl_disk_bio_end, struct request_queue *q, struct bio *bio)
{
	return on_bio_end(bio, true);
}

SEC("raw_tp/block_bio_complete")
int BPF_PROG(fl_disk_bio_end_raw, struct request_queue *q, struct bio *bio)
{
	return on_bio_end(bio, false);
}

static __always_inline int on_split(struct bio *bio, bool typed)
{
	struct fl_self *self = self_of(FL_DISK_SPLIT);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests(bio, typed)) {
		const struct fl_bio b = look_at_bio(bio, typed);

		split(&b, cgroup_of_bio(bio, typed));
	}
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_split")
int BPF_PROG(fl_disk_split, struct bio *bio)
{
	return on_split(bio, true);
}

SEC("raw_tp/block_split")
int BPF_PROG(fl_disk_split_raw, struct bio *bio)
{
	return on_split(bio, false);
}
