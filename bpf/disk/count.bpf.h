/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is counted of a request, or of a bio as if it were one, and in which rows of the tables of
 * disk.h: at the start, when it is taken back, when it has come back, when it was merged.
 */
#pragma once

#include <bpf/bpf_helpers.h>

#include "bpf/disk/disk.h"
#include "bpf/lib/hist.bpf.h"
#include "bpf/lib/ledger.bpf.h"

#define OP_MASK    0xff /* of cmd_flags; enum req_op is not an enum on 6.1 */
#define OP_WRITE   1
#define OP_FLUSH   2
#define OP_DISCARD 3
#define OP_DRIVER  32 /* from here on what drivers say among themselves: no I/O of anybody */

struct fl_disk_device fl_disk_device[FL_DISK_DEVICES] SEC(".bss.fl_device");
struct fl_disk_cgroup fl_disk_cgroup[FL_DISK_CGROUPS] SEC(".bss.fl_cgroup");
struct fl_disk_detail fl_disk_detail[FL_DISK_CGROUPS] SEC(".bss.fl_detail");
struct fl_disk_cpu fl_disk_cpu[FL_CPUS] SEC(".bss.fl_cpu");

/* What we have to know of a request, however it was read. */
struct fl_request {
	__u64 made_ns, started_ns; /* 0: not stamped */
	__u32 device, bytes, flags;
};

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
