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
 * Devices without requests (zram, dm) are given bios.  These are counted when they are queued,
 * and once more for each piece that the device cuts off, as /proc/diskstats does.  The kernel
 * does not keep when that was: fl_disk_queued has it in one word a bio, found by its address.
 * Two bios that share a word overwrite each other; that is seen by the rest of the address and
 * counted as lost.  All other bios pass by, so nothing is counted twice on one device; what a
 * device of bios hands to a disk below is counted there as well.
 *
 * Blind spots: on kernels that keep BPF away from pid 1 the completions that interrupt that
 * process; the ends of bios that their device hands on as they are (multipath NVMe); before 6.3
 * the single pages that zram is given without a bio (swap, read-ahead).
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/disk/disk.h"
#include "bpf/lib/hist.bpf.h"
#include "bpf/lib/ledger.bpf.h"
#include "bpf/lib/self.bpf.h"

#define OP_MASK    0xff /* of cmd_flags; enum req_op is not an enum on 6.1 */
#define OP_WRITE   1
#define OP_FLUSH   2
#define OP_DISCARD 3
#define OP_DRIVER  32 /* from here on what drivers say among themselves: no I/O of anybody */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct fl_disk_device fl_disk_device[FL_DISK_DEVICES] SEC(".bss.fl_device");
struct fl_disk_cgroup fl_disk_cgroup[FL_DISK_CGROUPS] SEC(".bss.fl_cgroup");
struct fl_disk_detail fl_disk_detail[FL_DISK_CGROUPS] SEC(".bss.fl_detail");
struct fl_disk_cpu fl_disk_cpu[FL_CPUS] SEC(".bss.fl_cpu");

/*
 * When a bio was queued: from the top 48 bits of nanoseconds (three days, then they begin anew)
 * and 16 of its address; other bits of that are the place.
 */
#define QUEUED_BITS 14
#define QUEUED_LOW  16 /* bits below the time */
static __u64 fl_disk_queued[1 << QUEUED_BITS] SEC(".bss.fl_queued");

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
	struct fl_disk_cgroup *row =
		fl_ledger_row(fl_disk_cgroup, sizeof(struct fl_disk_cgroup), FL_LEDGER_ROWS, 1, 0,
			      fl_disk_share(cgroup, device->index));

	if (__builtin_expect(device->bio_based && row == &fl_disk_cgroup[FL_LEDGER_OTHER], 0))
		return &fl_disk_cgroup[FL_DISK_OTHER_BIO];
	return row;
}

static __always_inline struct fl_disk_cpu *this_cpu(void)
{
	return &fl_disk_cpu[bpf_get_smp_processor_id() & (FL_CPUS - 1)];
}

static __always_inline struct fl_self *self_of(enum fl_disk_program program)
{
	return &this_cpu()->self[program];
}

static __always_inline void add(__u64 *to, __u64 n)
{
	__sync_fetch_and_add(to, n);
}

/* A time, and its place, as it is counted twice. */
struct fl_time {
	__u64 ns;
	__u32 place;
};

static __always_inline struct fl_time time_of(__u64 ns)
{
	return (struct fl_time){ ns, fl_hist_place(ns) };
}

static __always_inline void add_time(__u64 *places, __u64 *sum, struct fl_time t)
{
	add(&places[t.place & (FL_HIST_PLACES - 1)], 1);
	add(sum, t.ns);
}

static __always_inline void count_started(struct fl_disk_device *device, const struct fl_request *r,
					  __u64 cgroup)
{
	enum fl_disk_op op = operation(r->flags);
	struct fl_disk_cgroup *share;

	add(&device->op[op].started, 1);
	add(&device->op[op].started_bytes, r->bytes);
	if (device->no_cgroups)
		return;
	share = share_of(device, cgroup);
	add(&share->started[op].ios, 1);
	add(&share->started[op].bytes, r->bytes);
}

static __always_inline void started(const struct fl_request *r, __u64 cgroup)
{
	struct fl_disk_device *device = device_of(r);

	if (device)
		count_started(device, r, cgroup);
}

static __always_inline void requeued(const struct fl_request *r, __u64 cgroup)
{
	struct fl_disk_device *device = device_of(r);
	enum fl_disk_op op = operation(r->flags);
	struct fl_disk_cgroup *share;

	/* What was not started yet can be put back as well: only the stamp tells. */
	if (!device || !r->started_ns)
		return;
	add(&device->op[op].requeued, 1);
	add(&device->op[op].requeued_bytes, r->bytes);
	if (device->no_cgroups)
		return;
	share = share_of(device, cgroup);
	add(&share->requeued[op].ios, 1);
	add(&share->requeued[op].bytes, r->bytes);
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

/* The row of a share's times, NULL when they are not to be counted. */
static __always_inline struct fl_disk_times *times_of(const struct fl_disk_device *device,
						      const struct fl_disk_cgroup *share,
						      enum fl_disk_op op)
{
	__u64 row = share->row;

	if (device->no_detail || row >= FL_DISK_CGROUPS)
		return NULL;
	return &fl_disk_detail[row].op[op];
}

/* Times of what came back; split: by when it was started. */
struct fl_times {
	struct fl_time queue, device;
	bool known, split;
};

static __always_inline struct fl_times times_until_now(const struct fl_request *r)
{
	__u64 now = bpf_ktime_get_ns();

	if (!r->made_ns || now < r->made_ns)
		return (struct fl_times){ 0 };
	if (r->started_ns >= r->made_ns && r->started_ns <= now)
		return (struct fl_times){ .queue = time_of(r->started_ns - r->made_ns),
					  .device = time_of(now - r->started_ns),
					  .known = true,
					  .split = true };
	return (struct fl_times){ .device = time_of(now - r->made_ns), .known = true };
}

static __always_inline void count_share_back(struct fl_disk_device *device, enum fl_disk_op op,
					     const struct fl_times *t, bool failed, __u64 cgroup)
{
	struct fl_disk_cgroup *share = share_of(device, cgroup);
	struct fl_disk_times *times = times_of(device, share, op);

	if (failed)
		add(&share->errors[op], 1);
	if (!times)
		return;
	if (!t->known) {
		add(&times->untimed, 1);
		return;
	}
	if (t->split)
		add_time(times->queue, &times->queue_ns, t->queue);
	add_time(times->device, &times->device_ns, t->device);
}

static __always_inline void count_back(struct fl_disk_device *device, enum fl_disk_op op,
				       const struct fl_times *t, bool failed, __u64 cgroup)
{
	struct fl_disk_count *count = &device->op[op];

	if (failed)
		add(&count->errors, 1);
	if (!t->known) {
		add(&count->untimed, 1);
	} else {
		if (t->split)
			add_time(count->queue, &count->queue_ns, t->queue);
		add_time(count->device, &count->device_ns, t->device);
	}
	if (!device->no_cgroups && (failed || !device->no_detail))
		count_share_back(device, op, t, failed, cgroup);
}

static __always_inline void completed(const struct fl_request *r, bool failed, __u32 bytes,
				      __u64 cgroup)
{
	struct fl_disk_device *device = device_of(r);
	enum fl_disk_op op = operation(r->flags);
	struct fl_times t;

	if (!device || bytes < r->bytes) /* a part of it: the whole comes another time */
		return;
	t = times_until_now(r);
	if (t.known && !t.split)
		add(&device->op[op].unsplit, 1);
	count_back(device, op, &t, failed, cgroup);
}

static __always_inline void merged(__u32 device, __u32 flags)
{
	const struct fl_request r = { .device = device, .flags = flags };
	struct fl_disk_device *row = device_of(&r);

	if (row)
		add(&row->op[operation(flags)].merged, 1);
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(fl_disk_issue, struct request *rq)
{
	struct fl_self *self = self_of(FL_DISK_ISSUE);
	__u64 begun = fl_self_begin(self);
	const struct fl_request r = look(rq);

	started(&r, cgroup_of(rq));
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_rq_requeue")
int BPF_PROG(fl_disk_requeue, struct request *rq)
{
	struct fl_self *self = self_of(FL_DISK_REQUEUE);
	__u64 begun = fl_self_begin(self);
	const struct fl_request r = look(rq);

	requeued(&r, cgroup_of(rq));
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(fl_disk_complete, struct request *rq, blk_status_t error, unsigned int bytes)
{
	struct fl_self *self = self_of(FL_DISK_COMPLETE);
	__u64 begun = fl_self_begin(self), cgroup = cgroup_of(rq);
	const struct fl_request r = look(rq);
	struct bio *bio = rq->bio;

	if (ends_without_data(&r, bytes)) {
		if (!bio || !is_lone_flush(&r, bio->bi_vcnt))
			goto out;
		started(&r, cgroup);
	}
	completed(&r, error != 0, bytes, cgroup);
out:
	fl_self_end(self, begun);
	return 0;
}

SEC("raw_tp/block_rq_issue")
int BPF_PROG(fl_disk_issue_raw, struct request *rq)
{
	struct fl_self *self = self_of(FL_DISK_ISSUE);
	__u64 begun = fl_self_begin(self);
	const struct fl_request r = look_raw(rq);

	started(&r, cgroup_of_raw(rq));
	fl_self_end(self, begun);
	return 0;
}

SEC("raw_tp/block_rq_requeue")
int BPF_PROG(fl_disk_requeue_raw, struct request *rq)
{
	struct fl_self *self = self_of(FL_DISK_REQUEUE);
	__u64 begun = fl_self_begin(self);
	const struct fl_request r = look_raw(rq);

	requeued(&r, cgroup_of_raw(rq));
	fl_self_end(self, begun);
	return 0;
}

SEC("raw_tp/block_rq_complete")
int BPF_PROG(fl_disk_complete_raw, struct request *rq, blk_status_t error, unsigned int bytes)
{
	struct fl_self *self = self_of(FL_DISK_COMPLETE);
	__u64 begun = fl_self_begin(self), cgroup = cgroup_of_raw(rq);
	const struct fl_request r = look_raw(rq);
	struct bio *bio = BPF_CORE_READ(rq, bio);

	if (ends_without_data(&r, bytes)) {
		if (!bio || !is_lone_flush(&r, BPF_CORE_READ(bio, bi_vcnt)))
			goto out;
		started(&r, cgroup);
	}
	completed(&r, error != 0, bytes, cgroup);
out:
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_rq_merge")
int BPF_PROG(fl_disk_merge, struct request *rq)
{
	struct fl_self *self = self_of(FL_DISK_MERGE);
	__u64 begun = fl_self_begin(self);
	const struct fl_request r = look(rq);

	merged(r.device, r.flags);
	fl_self_end(self, begun);
	return 0;
}

static __always_inline int merged_bio(enum fl_disk_program program, struct bio *bio)
{
	struct fl_self *self = self_of(program);
	__u64 begun = fl_self_begin(self);
	struct gendisk *disk = bio->bi_bdev->bd_disk;

	merged(disk->major << 20 | disk->first_minor, bio->bi_opf);
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_bio_backmerge")
int BPF_PROG(fl_disk_backmerge, struct bio *bio)
{
	return merged_bio(FL_DISK_BACKMERGE, bio);
}

SEC("tp_btf/block_bio_frontmerge")
int BPF_PROG(fl_disk_frontmerge, struct bio *bio)
{
	return merged_bio(FL_DISK_FRONTMERGE, bio);
}

/* --- devices without requests --- */

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

static __always_inline __u64 mixed(__u64 address)
{
	return address * 0x9E3779B97F4A7C15ull;
}

static __always_inline struct fl_bio look_bio(struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;
	struct fl_bio b = { .as = { .device = disk->major << 20 | disk->first_minor,
				    .bytes = bio->bi_iter.bi_size,
				    .flags = bio->bi_opf } };
	void *address = bio;

	/* the verifier lets a pointer only be subtracted from another */
	asm volatile("%0 -= %1" : "+r"(address) : "r"(fl_disk_queued));
	b.mark = mixed((__u64)address);
	return b;
}

static __always_inline struct fl_bio look_bio_raw(struct bio *bio)
{
	struct gendisk *disk = BPF_CORE_READ(bio, bi_bdev, bd_disk);
	struct fl_bio b = { .as = { .device = BPF_CORE_READ(disk, major) << 20 |
					      BPF_CORE_READ(disk, first_minor),
				    .bytes = BPF_CORE_READ(bio, bi_iter.bi_size),
				    .flags = BPF_CORE_READ(bio, bi_opf) },
			    .mark = mixed((__u64)bio) };

	return b;
}

static __always_inline __u64 cgroup_of_bio(struct bio *bio)
{
	if (!bpf_core_field_exists(bio->bi_blkg))
		return 0;
	return bio->bi_blkg->blkcg->css.cgroup->kn->id;
}

static __always_inline __u64 cgroup_of_bio_raw(struct bio *bio)
{
	if (!bpf_core_field_exists(bio->bi_blkg))
		return 0;
	return BPF_CORE_READ(bio, bi_blkg, blkcg, css.cgroup, kn, id);
}

/* Most bios are on the way to a request, and are none of ours. */
static __always_inline bool has_no_requests(struct bio *bio)
{
	return bio->bi_bdev->bd_disk->fops->submit_bio;
}

static __always_inline bool has_no_requests_raw(struct bio *bio)
{
	return BPF_CORE_READ(bio, bi_bdev, bd_disk, fops, submit_bio);
}

SEC("tp_btf/block_bio_queue")
int BPF_PROG(fl_disk_bio, struct bio *bio)
{
	struct fl_self *self = self_of(FL_DISK_BIO);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests(bio)) {
		const struct fl_bio b = look_bio(bio);

		queued(&b, cgroup_of_bio(bio));
	}
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_bio_complete")
int BPF_PROG(fl_disk_bio_end, struct request_queue *q, struct bio *bio)
{
	struct fl_self *self = self_of(FL_DISK_BIO_END);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests(bio)) {
		const struct fl_bio b = look_bio(bio);

		ended(&b, bio->bi_status != 0, cgroup_of_bio(bio));
	}
	fl_self_end(self, begun);
	return 0;
}

SEC("tp_btf/block_split")
int BPF_PROG(fl_disk_split, struct bio *bio)
{
	struct fl_self *self = self_of(FL_DISK_SPLIT);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests(bio)) {
		const struct fl_bio b = look_bio(bio);

		split(&b, cgroup_of_bio(bio));
	}
	fl_self_end(self, begun);
	return 0;
}

SEC("raw_tp/block_bio_queue")
int BPF_PROG(fl_disk_bio_raw, struct bio *bio)
{
	struct fl_self *self = self_of(FL_DISK_BIO);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests_raw(bio)) {
		const struct fl_bio b = look_bio_raw(bio);

		queued(&b, cgroup_of_bio_raw(bio));
	}
	fl_self_end(self, begun);
	return 0;
}

SEC("raw_tp/block_bio_complete")
int BPF_PROG(fl_disk_bio_end_raw, struct request_queue *q, struct bio *bio)
{
	struct fl_self *self = self_of(FL_DISK_BIO_END);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests_raw(bio)) {
		const struct fl_bio b = look_bio_raw(bio);

		ended(&b, BPF_CORE_READ(bio, bi_status) != 0, cgroup_of_bio_raw(bio));
	}
	fl_self_end(self, begun);
	return 0;
}

SEC("raw_tp/block_split")
int BPF_PROG(fl_disk_split_raw, struct bio *bio)
{
	struct fl_self *self = self_of(FL_DISK_SPLIT);
	__u64 begun = fl_self_begin(self);

	if (has_no_requests_raw(bio)) {
		const struct fl_bio b = look_bio_raw(bio);

		split(&b, cgroup_of_bio_raw(bio));
	}
	fl_self_end(self, begun);
	return 0;
}
