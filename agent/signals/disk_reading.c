/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/disk_reading.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/probes/disk_sample.h"

/* Of most disks, nothing happens most of the time. */
static bool is_same(const struct disk_count *then, const struct disk_count *now)
{
	return !memcmp(then, now, sizeof(*now));
}

static bool fell(const struct disk_count *then, const struct disk_count *now)
{
	struct hist d;

	if (is_same(then, now))
		return false;
	return now->ios < then->ios || now->bytes < then->bytes ||
	       now->completed < then->completed || now->errors < then->errors ||
	       now->merged < then->merged || now->unsplit < then->unsplit ||
	       now->untimed < then->untimed || !hist_since(&d, &then->queue, &now->queue) ||
	       !hist_since(&d, &then->device, &now->device);
}

static struct disk_count count_between(const struct disk_count *then, const struct disk_count *now)
{
	struct disk_count d = { .ios = now->ios - then->ios,
				.bytes = now->bytes - then->bytes,
				.completed = now->completed - then->completed,
				.errors = now->errors - then->errors,
				.merged = now->merged - then->merged,
				.unsplit = now->unsplit - then->unsplit,
				.untimed = now->untimed - then->untimed };

	if (is_same(then, now))
		return d;
	hist_since(&d.queue, &then->queue, &now->queue);
	hist_since(&d.device, &then->device, &now->device);
	return d;
}

static const struct disk_device_sample *find_device(const struct disk_sample *in,
						    const struct disk_device_sample *like)
{
	for (size_t i = 0; i < in->device_count; i++)
		if (in->devices[i].number == like->number && in->devices[i].index == like->index)
			return &in->devices[i];
	return NULL;
}

static const struct disk_share *find_share(const struct disk_sample *in,
					   const struct disk_share *like, size_t hint)
{
	/* Rows come and go, but rarely: what stood there stands near. */
	for (size_t n = 0; n < in->share_count; n++) {
		const struct disk_share *s = &in->shares[(hint + n) % in->share_count];

		if (s->cgroup == like->cgroup && s->index == like->index)
			return s;
	}
	return NULL;
}

static void shares_between(struct disk_share_count *d, const struct disk_share_count *then)
{
	for (int op = 0; op < FL_DISK_OPS; op++)
		if (d[op].ios < then[op].ios || d[op].bytes < then[op].bytes ||
		    d[op].errors < then[op].errors)
			return;
	for (int op = 0; op < FL_DISK_OPS; op++) {
		d[op].ios -= then[op].ios;
		d[op].bytes -= then[op].bytes;
		d[op].errors -= then[op].errors;
	}
}

/* What fell begins from zero, each by itself. */
static void detail_between(struct disk_detail *d, const struct disk_detail *then)
{
	for (int op = 0; op < FL_DISK_OPS; op++) {
		const struct disk_times now = d->op[op], *was = &then->op[op];

		hist_since(&d->op[op].queue, &was->queue, &now.queue);
		hist_since(&d->op[op].device, &was->device, &now.device);
		if (now.untimed >= was->untimed)
			d->op[op].untimed -= was->untimed;
	}
}

static void details_between(struct disk_sample *d, const struct disk_sample *then)
{
	for (size_t i = 0; i < d->share_count; i++) {
		const struct disk_share *old = find_share(then, &d->shares[i], i);

		if (old)
			detail_between(&d->details[i], &then->details[old - then->shares]);
	}
	for (int of = 0; of < _DISK_GONE_MAX; of++)
		detail_between(&d->details[d->share_count + of],
			       &then->details[then->share_count + of]);
}

/*
 * What the share of a cgroup that is gone had counted before went over to that of all such, or,
 * where its device is gone, to those of all: there it is no news.
 */
static void leave_out_gone(struct disk_sample *d, const struct disk_sample *then,
			   const struct disk_sample *now)
{
	for (size_t i = 0; i < then->share_count; i++) {
		const struct disk_share *was = &then->shares[i], *left;
		struct disk_share like = { .cgroup = DISK_CGROUPS_GONE, .index = was->index };
		int of = was->bio_based ? DISK_GONE_BIO : DISK_GONE;
		size_t at;

		if (find_share(now, was, i))
			continue;
		left = find_share(now, &like, 0);
		at = left ? (size_t)(left - now->shares) : now->share_count + (size_t)of;
		shares_between(left ? d->shares[at].op : d->gone[of], was->op);
		if (d->details)
			detail_between(&d->details[at], &then->details[i]);
	}
}

static void forget_details(struct disk_sample *d)
{
	free(d->details);
	d->details = NULL;
}

int disk_reading_between(struct disk_sample *ret, const struct disk_sample *then,
			 const struct disk_sample *now)
{
	int r;

	*ret = (struct disk_sample){ 0 };
	r = disk_sample_copy(ret, now);
	if (r)
		return r;
	for (size_t i = 0; i < now->device_count; i++) {
		const struct disk_device_sample *old = find_device(then, &now->devices[i]);
		bool same = old != NULL;

		for (int op = 0; same && op < FL_DISK_OPS; op++)
			same = !fell(&old->op[op], &now->devices[i].op[op]);
		for (int op = 0; same && op < FL_DISK_OPS; op++)
			ret->devices[i].op[op] =
				count_between(&old->op[op], &now->devices[i].op[op]);
	}
	if (ret->details && then->details)
		details_between(ret, then);
	else
		forget_details(ret);
	for (size_t i = 0; i < now->share_count; i++) {
		const struct disk_share *old = find_share(then, &now->shares[i], i);

		if (old)
			shares_between(ret->shares[i].op, old->op);
	}
	for (int of = 0; of < _DISK_GONE_MAX; of++)
		shares_between(ret->gone[of], then->gone[of]);
	leave_out_gone(ret, then, now);
	return 0;
}

bool disk_restarted(const struct disk_sample *then, const struct disk_device_sample *now)
{
	const struct disk_device_sample *old = find_device(then, now);
	bool restarted = false;

	for (int op = 0; old && op < FL_DISK_OPS; op++)
		restarted |= fell(&old->op[op], &now->op[op]);
	return restarted;
}
