/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Disk I/O by request: per device and operation counts, bytes, errors, merges and where the
 * time went; per cgroup and device counts and bytes.
 *
 * Counts and bytes are taken when a request is given to the device, where they equal what
 * /proc/diskstats says in the end: earlier, merges may still make it longer; later, it has lost
 * its bytes.  Only a flush by itself (fsync of nothing) is never given: see is_lone_flush().  Times need no state of ours: the kernel stamps the request when it is made and
 * when it is started.  Where it does not stamp the start (no statistics are kept for the queue)
 * the whole time counts as the device's, and is counted as unsplit.
 *
 * Blind spots: devices without requests (zram, dm) pass by, and on kernels that keep BPF away
 * from pid 1 the completions that interrupt that process.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/disk/disk.h"
#include "bpf/lib/hist.bpf.h"
#include "bpf/lib/ledger.bpf.h"

#define OP_MASK    0xff /* of cmd_flags; enum req_op is not an enum on 6.1 */
#define OP_WRITE   1
#define OP_FLUSH   2
#define OP_DISCARD 3
#define OP_DRIVER  32 /* from here on what drivers say among themselves: no I/O of anybody */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct fl_disk_device fl_disk_device[FL_DISK_DEVICES] SEC(".bss.fl_device");
struct fl_disk_cgroup fl_disk_cgroup[FL_LEDGER_ROWS] SEC(".bss.fl_cgroup");

/* What we have to know of a request, however it was read. */
struct fl_request {
	__u64 made_ns, started_ns; /* 0: not stamped */
	__u32 device, bytes, flags;
};

static __always_inline struct fl_request look(struct request *rq)
{
	struct gendisk *disk = rq->q->disk;

	return (struct fl_request){ .made_ns = rq->start_time_ns,
				    .started_ns = rq->io_start_time_ns,
				    .device = disk->major << 20 | disk->first_minor,
				    .bytes = rq->__data_len,
				    .flags = rq->cmd_flags };
}

/* The cgroup that is charged; 0 for nobody. */
static __always_inline __u64 cgroup_of(struct request *rq)
{
	struct bio *bio = rq->bio;

	if (!bio || !bpf_core_field_exists(bio->bi_blkg))
		return 0;
	return bio->bi_blkg->blkcg->css.cgroup->kn->id;
}

/* The same by checked copies, for the hooks without types. */
static __always_inline struct fl_request look_raw(struct request *rq)
{
	struct gendisk *disk = BPF_CORE_READ(rq, q, disk);

	return (struct fl_request){ .made_ns = BPF_CORE_READ(rq, start_time_ns),
				    .started_ns = BPF_CORE_READ(rq, io_start_time_ns),
				    .device = BPF_CORE_READ(disk, major) << 20 |
					      BPF_CORE_READ(disk, first_minor),
				    .bytes = BPF_CORE_READ(rq, __data_len),
				    .flags = BPF_CORE_READ(rq, cmd_flags) };
}

static __always_inline __u64 cgroup_of_raw(struct request *rq)
{
	struct bio *bio = BPF_CORE_READ(rq, bio);

	if (!bio || !bpf_core_field_exists(bio->bi_blkg))
		return 0;
	return BPF_CORE_READ(bio, bi_blkg, blkcg, css.cgroup, kn, id);
}

/* As the kernel groups them in /proc/diskstats. */
static __always_inline enum fl_disk_op operation(__u32 flags)
{
	__u32 op = flags & OP_MASK;

	if (op == OP_FLUSH)
		return FL_DISK_FLUSH;
	if (op == OP_DISCARD)
		return FL_DISK_DISCARD;
	return op & OP_WRITE ? FL_DISK_WRITE : FL_DISK_READ;
}

static __always_inline struct fl_disk_device *device_of(const struct fl_request *r)
{
	if (!r->device || (r->flags & OP_MASK) >= OP_DRIVER)
		return NULL;
	return fl_ledger_row(fl_disk_device, sizeof(struct fl_disk_device), FL_DISK_DEVICES, 1, 0,
			     r->device);
}

static __always_inline struct fl_disk_cgroup *share_of(const struct fl_disk_device *device,
						       __u64 cgroup)
{
	return fl_ledger_row(fl_disk_cgroup, sizeof(struct fl_disk_cgroup), FL_LEDGER_ROWS, 1, 0,
			     fl_disk_share(cgroup, device->index));
}

static __always_inline void add(__u64 *to, __u64 n)
{
	__sync_fetch_and_add(to, n);
}

static __always_inline void add_time(__u64 *slots, __u64 *sum, __u64 ns)
{
	__u32 at = fl_hist_slot(ns);

	if (at < FL_HIST_SLOTS) /* always so; the verifier wants to see it */
		add(&slots[at], 1);
	add(sum, ns);
}

static __always_inline int started(const struct fl_request *r, __u64 cgroup)
{
	struct fl_disk_device *device = device_of(r);
	enum fl_disk_op op = operation(r->flags);
	struct fl_disk_cgroup *share;

	if (!device)
		return 0;
	add(&device->op[op].started, 1);
	add(&device->op[op].started_bytes, r->bytes);
	if (device->no_cgroups)
		return 0;
	share = share_of(device, cgroup);
	add(&share->started[op].ios, 1);
	add(&share->started[op].bytes, r->bytes);
	return 0;
}

static __always_inline int requeued(const struct fl_request *r, __u64 cgroup)
{
	struct fl_disk_device *device = device_of(r);
	enum fl_disk_op op = operation(r->flags);
	struct fl_disk_cgroup *share;

	/* What was not started yet can be put back as well: only the stamp tells. */
	if (!device || !r->started_ns)
		return 0;
	add(&device->op[op].requeued, 1);
	add(&device->op[op].requeued_bytes, r->bytes);
	if (device->no_cgroups)
		return 0;
	share = share_of(device, cgroup);
	add(&share->requeued[op].ios, 1);
	add(&share->requeued[op].bytes, r->bytes);
	return 0;
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

static __always_inline int completed(const struct fl_request *r, bool failed, __u32 bytes)
{
	struct fl_disk_device *device = device_of(r);
	struct fl_disk_count *count;
	__u64 now;

	if (!device || bytes < r->bytes) /* a part of it: the whole comes another time */
		return 0;
	count = &device->op[operation(r->flags)];
	if (failed)
		add(&count->errors, 1);
	now = bpf_ktime_get_ns();
	if (!r->made_ns || now < r->made_ns) {
		add(&count->untimed, 1);
	} else if (r->started_ns >= r->made_ns && r->started_ns <= now) {
		add_time(count->queue, &count->queue_ns, r->started_ns - r->made_ns);
		add_time(count->device, &count->device_ns, now - r->started_ns);
	} else {
		add(&count->unsplit, 1);
		add_time(count->device, &count->device_ns, now - r->made_ns);
	}
	return 0;
}

static __always_inline int merged(__u32 device, __u32 flags)
{
	const struct fl_request r = { .device = device, .flags = flags };
	struct fl_disk_device *row = device_of(&r);

	if (row)
		add(&row->op[operation(flags)].merged, 1);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(fl_disk_issue, struct request *rq)
{
	const struct fl_request r = look(rq);

	return started(&r, cgroup_of(rq));
}

SEC("raw_tp/block_rq_issue")
int BPF_PROG(fl_disk_issue_raw, struct request *rq)
{
	const struct fl_request r = look_raw(rq);

	return started(&r, cgroup_of_raw(rq));
}

SEC("tp_btf/block_rq_requeue")
int BPF_PROG(fl_disk_requeue, struct request *rq)
{
	const struct fl_request r = look(rq);

	return requeued(&r, cgroup_of(rq));
}

SEC("raw_tp/block_rq_requeue")
int BPF_PROG(fl_disk_requeue_raw, struct request *rq)
{
	const struct fl_request r = look_raw(rq);

	return requeued(&r, cgroup_of_raw(rq));
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(fl_disk_complete, struct request *rq, blk_status_t error, unsigned int bytes)
{
	const struct fl_request r = look(rq);
	struct bio *bio = rq->bio;

	if (ends_without_data(&r, bytes)) {
		if (!bio || !is_lone_flush(&r, bio->bi_vcnt))
			return 0;
		started(&r, cgroup_of(rq));
	}
	return completed(&r, error != 0, bytes);
}

SEC("raw_tp/block_rq_complete")
int BPF_PROG(fl_disk_complete_raw, struct request *rq, blk_status_t error, unsigned int bytes)
{
	const struct fl_request r = look_raw(rq);
	struct bio *bio = BPF_CORE_READ(rq, bio);

	if (ends_without_data(&r, bytes)) {
		if (!bio || !is_lone_flush(&r, BPF_CORE_READ(bio, bi_vcnt)))
			return 0;
		started(&r, cgroup_of_raw(rq));
	}
	return completed(&r, error != 0, bytes);
}

SEC("tp_btf/block_rq_merge")
int BPF_PROG(fl_disk_merge, struct request *rq)
{
	const struct fl_request r = look(rq);

	return merged(r.device, r.flags);
}

SEC("tp_btf/block_bio_backmerge")
int BPF_PROG(fl_disk_backmerge, struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;

	return merged(disk->major << 20 | disk->first_minor, bio->bi_opf);
}

SEC("tp_btf/block_bio_frontmerge")
int BPF_PROG(fl_disk_frontmerge, struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;

	return merged(disk->major << 20 | disk->first_minor, bio->bi_opf);
}
