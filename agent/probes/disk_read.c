/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/probes/disk_sample.h"
#include "agent/probes/mapped.h"
#include "bpf/disk/disk.h"

#define DEVICES_SIZE (FL_DISK_DEVICES * sizeof(struct fl_disk_device))
#define CGROUPS_SIZE (FL_LEDGER_ROWS * sizeof(struct fl_disk_cgroup))

struct disk_read {
	struct fl_disk_device *devices;
	struct fl_disk_cgroup *cgroups;
	struct disk_share_count gone[FL_DISK_OPS];
	uint64_t untimed; /* of devices that are gone */
};

int disk_read_new(struct disk_read **ret, const int *fds)
{
	struct disk_read *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->devices = mapped_new(fds[0], DEVICES_SIZE);
	d->cgroups = d->devices ? mapped_new(fds[1], CGROUPS_SIZE) : NULL;
	if (!d->cgroups) {
		int r = -errno;

		disk_read_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

struct disk_read *disk_read_free(struct disk_read *d)
{
	if (d) {
		mapped_free(d->devices, DEVICES_SIZE);
		mapped_free(d->cgroups, CGROUPS_SIZE);
	}
	free(d);
	return NULL;
}

static uint64_t less(const __u64 *all, const __u64 *back)
{
	uint64_t n = mapped_load(back), of = mapped_load(all);

	return of > n ? of - n : 0;
}

static struct hist times(const __u64 *slots, const __u64 *sum)
{
	struct hist h = { .sum_ns = mapped_load(sum) };

	for (int slot = 0; slot < FL_HIST_SLOTS; slot++)
		h.slots[slot] = mapped_load(&slots[slot]);
	return h;
}

/* What came back is read before what was given, so that it is never more. */
static struct disk_count count(const struct fl_disk_count *c)
{
	struct disk_count ret = { .device = times(c->device, &c->device_ns),
				  .queue = times(c->queue, &c->queue_ns) };

	ret.completed = hist_count(&ret.device) + mapped_load(&c->untimed);
	ret.errors = mapped_load(&c->errors);
	ret.merged = mapped_load(&c->merged);
	ret.unsplit = mapped_load(&c->unsplit);
	ret.ios = less(&c->started, &c->requeued);
	ret.bytes = less(&c->started_bytes, &c->requeued_bytes);
	return ret;
}

static uint64_t owner(const void *row)
{
	return __atomic_load_n((const uint64_t *)row, __ATOMIC_ACQUIRE);
}

static bool counted_anything(const struct disk_device_sample *d)
{
	uint64_t n = 0;

	for (int op = 0; op < FL_DISK_OPS; op++)
		n += d->op[op].ios + d->op[op].completed + d->op[op].merged;
	return n;
}

static void sample_devices(const struct disk_read *d, struct disk_sample *ret)
{
	for (uint32_t row = 0; row < FL_DISK_DEVICES; row++) {
		const struct fl_disk_device *from = &d->devices[row];
		struct disk_device_sample *to = &ret->devices[ret->device_count];

		if (row != FL_LEDGER_OTHER && !owner(from))
			continue;
		to->number = (uint32_t)owner(from);
		to->index = row;
		for (int op = 0; op < FL_DISK_OPS; op++)
			to->op[op] = count(&from->op[op]);
		if (counted_anything(to))
			ret->device_count++;
	}
}

static uint64_t untimed(const struct fl_disk_device *d)
{
	uint64_t n = 0;

	for (int op = 0; op < FL_DISK_OPS; op++)
		n += mapped_load(&d->op[op].untimed);
	return n;
}

static void sample_losses(const struct disk_read *d, struct disk_sample *ret)
{
	const struct fl_disk_device *device = &d->devices[FL_LEDGER_OTHER];
	const struct fl_disk_cgroup *cgroup = &d->cgroups[FL_LEDGER_OTHER];

	for (int op = 0; op < FL_DISK_OPS; op++) {
		ret->no_device_row += mapped_load(&device->op[op].started);
		ret->no_cgroup_row += mapped_load(&cgroup->started[op].ios);
	}
	ret->untimed = d->untimed;
	for (uint32_t row = 0; row < FL_DISK_DEVICES; row++)
		ret->untimed += untimed(&d->devices[row]);
}

static void add_share(const struct fl_disk_cgroup *from, struct disk_share_count *to)
{
	for (int op = 0; op < FL_DISK_OPS; op++) {
		to[op].ios += less(&from->started[op].ios, &from->requeued[op].ios);
		to[op].bytes += less(&from->started[op].bytes, &from->requeued[op].bytes);
	}
}

static void sample_shares(const struct disk_read *d, struct disk_sample *ret)
{
	memcpy(ret->gone, d->gone, sizeof(ret->gone));
	add_share(&d->cgroups[FL_LEDGER_OTHER], ret->gone);
	for (uint32_t row = 0; row < FL_LEDGER_ROWS; row++) {
		uint64_t id = owner(&d->cgroups[row]);
		struct disk_share *to;

		if (row == FL_LEDGER_OTHER || !id)
			continue;
		to = &ret->shares[ret->share_count++];
		*to = (struct disk_share){ .cgroup = id / FL_DISK_DEVICES - 1,
					   .index = (uint32_t)(id % FL_DISK_DEVICES) };
		add_share(&d->cgroups[row], to->op);
	}
}

/* Room for all rows there can be, as some may be taken while we look; untouched it costs nothing. */
int disk_read_sample(struct disk_read *d, struct disk_sample *ret)
{
	*ret = (struct disk_sample){ 0 };
	ret->devices = calloc(FL_DISK_DEVICES, sizeof(*ret->devices));
	ret->shares = calloc(FL_LEDGER_ROWS, sizeof(*ret->shares));
	if (!ret->devices || !ret->shares) {
		disk_sample_clear(ret);
		return -ENOMEM;
	}
	sample_devices(d, ret);
	sample_shares(d, ret);
	sample_losses(d, ret);
	return 0;
}

static void free_share(struct disk_read *d, struct fl_disk_cgroup *row)
{
	for (int op = 0; op < FL_DISK_OPS; op++) {
		uint64_t back = mapped_take(&row->requeued[op].ios);
		uint64_t back_bytes = mapped_take(&row->requeued[op].bytes);

		d->gone[op].ios += mapped_take(&row->started[op].ios) - back;
		d->gone[op].bytes += mapped_take(&row->started[op].bytes) - back_bytes;
	}
	__atomic_store_n(&row->id, 0, __ATOMIC_RELEASE);
}

void disk_read_forget_cgroup(struct disk_read *d, uint64_t cgroup)
{
	for (uint32_t row = 0; row < FL_LEDGER_ROWS; row++)
		if (row != FL_LEDGER_OTHER && d->cgroups[row].id / FL_DISK_DEVICES == cgroup + 1)
			free_share(d, &d->cgroups[row]);
}

void disk_read_forget_device(struct disk_read *d, uint32_t number)
{
	for (uint32_t row = 0; row < FL_DISK_DEVICES; row++) {
		struct fl_disk_device *device = &d->devices[row];

		if (row == FL_LEDGER_OTHER || owner(device) != number)
			continue;
		for (uint32_t share = 0; share < FL_LEDGER_ROWS; share++) {
			uint64_t id = owner(&d->cgroups[share]);

			if (share != FL_LEDGER_OTHER && id && id % FL_DISK_DEVICES == row)
				free_share(d, &d->cgroups[share]);
		}
		d->untimed += untimed(device);
		memset(device->op, 0, sizeof(device->op));
		__atomic_store_n(&device->id, 0, __ATOMIC_RELEASE);
	}
}

void disk_read_set_cgroups(struct disk_read *d, bool on)
{
	for (uint32_t row = 0; row < FL_DISK_DEVICES; row++)
		__atomic_store_n(&d->devices[row].no_cgroups, !on, __ATOMIC_RELAXED);
}
