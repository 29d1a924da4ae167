/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/probes/disk_sample.h"
#include "agent/probes/mapped.h"
#include "bpf/disk/disk.h"

#define DEVICES_SIZE (FL_DISK_DEVICES * sizeof(struct fl_disk_device))
#define CGROUPS_SIZE (FL_DISK_CGROUPS * sizeof(struct fl_disk_cgroup))

#define DETAILS_SIZE (FL_DISK_CGROUPS * sizeof(struct fl_disk_detail))
#define SHARES_MAX   (FL_LEDGER_ROWS + FL_DISK_DEVICES)

_Static_assert((int)FL_DISK_PROGRAMS <= (int)LOAD_PARTS, "a part a program");

struct disk_read {
	struct fl_disk_device *devices;
	struct fl_disk_cgroup *cgroups;
	struct fl_disk_cpu *cpu; /* cpus */
	uint32_t cpus;
	int details_fd;   /* mapped while it is read only: it is 2 MB */
	uint64_t untimed; /* of devices that are gone */
	/* What cgroups that are gone gave to a device, by its index, and what gone devices had. */
	bool any_gone[FL_DISK_DEVICES];
	struct left {
		struct disk_share_count op[FL_DISK_OPS];
		struct disk_detail detail;
	} cgroups_gone[FL_DISK_DEVICES], gone[_DISK_GONE_MAX];
};

int disk_read_new(struct disk_read **ret, const int *fds, uint32_t cpus)
{
	struct disk_read *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->cpus = cpus;
	d->details_fd = fcntl(fds[2], F_DUPFD_CLOEXEC, 0);
	d->devices = mapped_new(fds[0], DEVICES_SIZE);
	d->cgroups = d->devices ? mapped_new(fds[1], CGROUPS_SIZE) : NULL;
	d->cpu = d->cgroups ? mapped_new(fds[3], cpus * sizeof(*d->cpu)) : NULL;
	if (!d->cpu || d->details_fd < 0) {
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
		mapped_free(d->cpu, d->cpus * sizeof(*d->cpu));
		if (d->details_fd >= 0)
			close(d->details_fd);
	}
	free(d);
	return NULL;
}

static uint64_t less(const __u64 *all, const __u64 *back)
{
	uint64_t n = mapped_load(back), of = mapped_load(all);

	return of > n ? of - n : 0;
}

static struct hist times(const __u64 *places, const __u64 *sum)
{
	struct hist h = { .sum_ns = mapped_load(sum) };

	for (int slot = 0; slot < FL_HIST_SLOTS; slot++)
		h.slots[slot] = mapped_load(&places[FL_HIST_PLACE_OF(slot)]);
	return h;
}

/* Most disks never see most operations. */
static bool is_unused(const struct fl_disk_count *c)
{
	return !(mapped_load(&c->started) | mapped_load(&c->merged) | mapped_load(&c->queue_ns) |
		 mapped_load(&c->device_ns) | mapped_load(&c->untimed) | mapped_load(&c->cut));
}

/* What came back is read before what was given, so that it is never more. */
static struct disk_count count(const struct fl_disk_count *c)
{
	struct disk_count ret = { .device = times(c->device, &c->device_ns),
				  .queue = times(c->queue, &c->queue_ns) };

	ret.untimed = mapped_load(&c->untimed);
	ret.completed = hist_count(&ret.device) + ret.untimed + mapped_load(&c->cut);
	ret.errors = mapped_load(&c->errors);
	ret.merged = mapped_load(&c->merged);
	ret.unsplit = mapped_load(&c->unsplit);
	ret.ios = less(&c->started, &c->requeued);
	ret.requeued = mapped_load(&c->requeued);
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

static bool is_bio_based(const struct disk_read *d, uint32_t index)
{
	return __atomic_load_n(&d->devices[index].bio_based, __ATOMIC_RELAXED);
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
		to->bio_based = is_bio_based(d, row);
		for (int op = 0; op < FL_DISK_OPS; op++)
			to->op[op] = is_unused(&from->op[op]) ? (struct disk_count){ 0 }
							      : count(&from->op[op]);
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

static void sample_cpus_and_losses(const struct disk_read *d, struct disk_sample *ret)
{
	const struct fl_disk_device *device = &d->devices[FL_LEDGER_OTHER];
	const struct fl_disk_cgroup *cgroup = &d->cgroups[FL_LEDGER_OTHER];

	for (int op = 0; op < FL_DISK_OPS; op++) {
		ret->no_device_row += mapped_load(&device->op[op].started);
		ret->no_cgroup_row += mapped_load(&cgroup->started[op].ios);
		ret->no_cgroup_row += mapped_load(&d->cgroups[FL_DISK_OTHER_BIO].started[op].ios);
	}
	ret->untimed = d->untimed;
	for (size_t i = 0; i < ret->device_count; i++)
		for (int op = 0; op < FL_DISK_OPS; op++)
			ret->untimed += ret->devices[i].op[op].untimed;
	for (uint32_t cpu = 0; cpu < d->cpus; cpu++) {
		for (int program = 0; program < FL_DISK_PROGRAMS; program++)
			self_add(&ret->self.of[program], &d->cpu[cpu].self[program]);
		ret->lost_bios += mapped_load(&d->cpu[cpu].lost_bios);
		ret->lost_times += mapped_load(&d->cpu[cpu].lost_times);
	}
}

static void add_share(const struct fl_disk_cgroup *from, struct disk_share_count *to)
{
	for (int op = 0; op < FL_DISK_OPS; op++) {
		to[op].ios += less(&from->started[op].ios, &from->requeued[op].ios);
		to[op].bytes += less(&from->started[op].bytes, &from->requeued[op].bytes);
		to[op].errors += mapped_load(&from->errors[op]);
	}
}

static uint64_t get(void *counter)
{
	return mapped_load(counter);
}

/* Takes what is there, also while the kernel adds. */
static uint64_t take(void *counter)
{
	return mapped_take(counter);
}

static void add_times(struct hist *to, __u64 *places, __u64 *sum, uint64_t (*how)(void *))
{
	for (int slot = 0; slot < FL_HIST_SLOTS; slot++)
		to->slots[slot] += how(&places[FL_HIST_PLACE_OF(slot)]);
	to->sum_ns += how(sum);
}

static void add_detail(struct disk_detail *to, struct fl_disk_detail *from, uint64_t (*how)(void *))
{
	for (int op = 0; op < FL_DISK_OPS; op++) {
		struct fl_disk_times *t = &from->op[op];

		add_times(&to->op[op].queue, t->queue, &t->queue_ns, how);
		add_times(&to->op[op].device, t->device, &t->device_ns, how);
		to->op[op].untimed += how(&t->untimed);
	}
}

/* details: NULL, or mapped, and then ret->details has room for as many as there are rows. */
static void sample_shares(const struct disk_read *d, struct fl_disk_detail *details,
			  struct disk_sample *ret)
{
	for (int of = 0; of < _DISK_GONE_MAX; of++)
		memcpy(ret->gone[of], d->gone[of].op, sizeof(ret->gone[of]));
	add_share(&d->cgroups[FL_LEDGER_OTHER], ret->gone[DISK_GONE]);
	add_share(&d->cgroups[FL_DISK_OTHER_BIO], ret->gone[DISK_GONE_BIO]);
	for (uint32_t row = 0; row < FL_LEDGER_ROWS; row++) {
		uint64_t id = owner(&d->cgroups[row]);
		struct disk_share *to;

		if (row + MAPPED_AHEAD < FL_LEDGER_ROWS && owner(&d->cgroups[row + MAPPED_AHEAD]))
			mapped_fetch(&d->cgroups[row + MAPPED_AHEAD], sizeof(*d->cgroups));
		if (row == FL_LEDGER_OTHER || !id)
			continue;
		to = &ret->shares[ret->share_count++];
		*to = (struct disk_share){ .cgroup = id / FL_DISK_DEVICES - 1,
					   .index = (uint32_t)(id % FL_DISK_DEVICES) };
		to->bio_based = is_bio_based(d, to->index);
		add_share(&d->cgroups[row], to->op);
		if (details)
			add_detail(&ret->details[ret->share_count - 1], &details[row], get);
	}
}

/* What cgroups that are gone left behind: a share a device. */
static void sample_cgroups_gone(const struct disk_read *d, struct disk_sample *ret)
{
	for (uint32_t index = 0; index < FL_DISK_DEVICES; index++) {
		const struct left *from = &d->cgroups_gone[index];
		struct disk_share *to = &ret->shares[ret->share_count];

		if (!d->any_gone[index])
			continue;
		*to = (struct disk_share){ .cgroup = DISK_CGROUPS_GONE,
					   .index = index,
					   .bio_based = is_bio_based(d, index) };
		memcpy(to->op, from->op, sizeof(to->op));
		if (ret->details)
			ret->details[ret->share_count] = from->detail;
		ret->share_count++;
	}
}

/* The rows of those that are gone, behind the last share. */
static void sample_gone_details(const struct disk_read *d, struct fl_disk_detail *details,
				struct disk_sample *ret)
{
	struct disk_detail *gone = &ret->details[ret->share_count];

	for (int of = 0; of < _DISK_GONE_MAX; of++)
		gone[of] = d->gone[of].detail;
	add_detail(&gone[DISK_GONE], &details[FL_LEDGER_OTHER], get);
	add_detail(&gone[DISK_GONE_BIO], &details[FL_DISK_OTHER_BIO], get);
}

/* Room for all rows there can be, as some may be taken while we look; untouched it costs nothing. */
int disk_read_sample(struct disk_read *d, bool detail, struct disk_sample *ret)
{
	struct fl_disk_detail *details = NULL;

	*ret = (struct disk_sample){ 0 };
	ret->devices = malloc(FL_DISK_DEVICES * sizeof(*ret->devices));
	ret->shares = malloc(SHARES_MAX * sizeof(*ret->shares));
	if (detail) {
		details = mapped_new(d->details_fd, DETAILS_SIZE);
		ret->details = calloc(SHARES_MAX + _DISK_GONE_MAX, sizeof(*ret->details));
	}
	if (!ret->devices || !ret->shares || (detail && (!details || !ret->details))) {
		mapped_free(details, DETAILS_SIZE);
		disk_sample_clear(ret);
		return -ENOMEM;
	}
	sample_devices(d, ret);
	sample_shares(d, details, ret);
	sample_cgroups_gone(d, ret);
	if (details)
		sample_gone_details(d, details, ret);
	mapped_free(details, DETAILS_SIZE);
	sample_cpus_and_losses(d, ret);
	return 0;
}

static void free_share(struct fl_disk_cgroup *row, struct fl_disk_detail *detail, struct left *to)
{
	for (int op = 0; op < FL_DISK_OPS; op++) {
		uint64_t back = mapped_take(&row->requeued[op].ios);
		uint64_t back_bytes = mapped_take(&row->requeued[op].bytes);

		to->op[op].ios += mapped_take(&row->started[op].ios) - back;
		to->op[op].bytes += mapped_take(&row->started[op].bytes) - back_bytes;
		to->op[op].errors += mapped_take(&row->errors[op]);
	}
	add_detail(&to->detail, detail, take);
	__atomic_store_n(&row->id, 0, __ATOMIC_RELEASE);
}

/*
 * Frees the rows of a cgroup, or of a device by its index; a later sweep tries again.  A device
 * that stays keeps what was given to it, so that its shares go on to add up to it.
 */
static bool free_shares(struct disk_read *d, uint64_t cgroup, uint32_t index)
{
	struct fl_disk_detail *details = mapped_new(d->details_fd, DETAILS_SIZE);

	for (uint32_t row = 0; row < FL_LEDGER_ROWS && details; row++) {
		uint64_t id = owner(&d->cgroups[row]), of = id % FL_DISK_DEVICES;

		if (row == FL_LEDGER_OTHER || !id)
			continue;
		if (index ? of != index : id / FL_DISK_DEVICES != cgroup + 1)
			continue;
		free_share(&d->cgroups[row], &details[row], &d->cgroups_gone[of]);
		d->any_gone[of] = true;
	}
	mapped_free(details, DETAILS_SIZE);
	return details != NULL;
}

/* Its row may be another's soon. */
static void let_go(struct disk_read *d, uint32_t index)
{
	struct left *from = &d->cgroups_gone[index];
	struct left *to = &d->gone[is_bio_based(d, index) ? DISK_GONE_BIO : DISK_GONE];

	for (int op = 0; op < FL_DISK_OPS; op++) {
		to->op[op].ios += from->op[op].ios;
		to->op[op].bytes += from->op[op].bytes;
		to->op[op].errors += from->op[op].errors;
		to->detail.op[op].untimed += from->detail.op[op].untimed;
		hist_add(&to->detail.op[op].queue, &from->detail.op[op].queue);
		hist_add(&to->detail.op[op].device, &from->detail.op[op].device);
	}
	*from = (struct left){ 0 };
	d->any_gone[index] = false;
}

void disk_read_forget_cgroup(struct disk_read *d, uint64_t cgroup)
{
	free_shares(d, cgroup, 0);
}

void disk_read_forget_device(struct disk_read *d, uint32_t number)
{
	for (uint32_t row = 0; row < FL_DISK_DEVICES; row++) {
		struct fl_disk_device *device = &d->devices[row];

		if (row == FL_LEDGER_OTHER || owner(device) != number || !free_shares(d, 0, row))
			continue;
		let_go(d, row);
		d->untimed += untimed(device);
		memset(device->op, 0, sizeof(device->op));
		device->bio_based = 0;
		__atomic_store_n(&device->id, 0, __ATOMIC_RELEASE);
	}
}

void disk_read_set(struct disk_read *d, bool cgroups, bool detail)
{
	for (uint32_t row = 0; row < FL_DISK_DEVICES; row++) {
		__atomic_store_n(&d->devices[row].no_cgroups, !cgroups, __ATOMIC_RELAXED);
		__atomic_store_n(&d->devices[row].no_detail, !detail, __ATOMIC_RELAXED);
	}
}
