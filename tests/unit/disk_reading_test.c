/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/disk_reading.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/probes/disk_sample.h"
#include "tests/lib/test.h"

/* Two disks of which the second wrote `ios` blocks of 4 KiB, all of them for cgroup 77. */
static struct disk_sample sample_of(uint64_t ios)
{
	static const struct disk_sample none;
	struct disk_sample s = none, copy = none;
	struct disk_device_sample devices[2] = { { .number = 8 << 20, .index = 3 },
						 { .number = 7 << 20, .index = 4 } };
	struct disk_detail details[1 + _DISK_GONE_MAX]; /* of the share; of what is gone */
	struct disk_share share = { .cgroup = 77, .index = 4 };
	struct disk_count *c = &devices[1].op[FL_DISK_WRITE];

	c->ios = c->completed = c->queue.slots[2] = c->device.slots[9] = ios;
	c->bytes = ios * 4096;
	share.op[FL_DISK_WRITE] = (struct disk_share_count){ .ios = ios, .bytes = ios * 4096 };
	s.devices = devices;
	s.device_count = 2;
	s.shares = &share;
	s.share_count = 1;
	memset(details, 0, sizeof(details));
	details[0].op[FL_DISK_WRITE].device = c->device;
	s.details = details;
	if (disk_sample_copy(&copy, &s))
		return none;
	return copy;
}

static int only_what_is_between_counts(void)
{
	CLEANUP(disk_sample_clear) struct disk_sample then = sample_of(100);
	CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(130);
	CLEANUP(disk_sample_clear) struct disk_sample d = { 0 };
	const struct disk_count *c;

	CHECK(disk_reading_between(&d, &then, &now) == 0);
	CHECK(d.device_count == 2 && d.devices[0].op[FL_DISK_WRITE].ios == 0);
	c = &d.devices[1].op[FL_DISK_WRITE];
	CHECK(c->ios == 30 && c->bytes == 30 * 4096 && c->completed == 30);
	CHECK(hist_count(&c->device) == 30 && hist_count(&c->queue) == 30);
	CHECK(d.shares[0].op[FL_DISK_WRITE].ios == 30);
	CHECK(hist_count(&d.details[0].op[FL_DISK_WRITE].device) == 30);
	return 0;
}

static int times_per_cgroup_need_both_ends(void)
{
	CLEANUP(disk_sample_clear) struct disk_sample then = sample_of(100);
	CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(130);
	CLEANUP(disk_sample_clear) struct disk_sample d = { 0 };

	free(then.details);
	then.details = NULL;
	CHECK(disk_reading_between(&d, &then, &now) == 0);
	CHECK(!d.details && d.shares[0].op[FL_DISK_WRITE].ios == 30);
	return 0;
}

static int a_disk_that_came_back_counts_from_zero(void)
{
	CLEANUP(disk_sample_clear) struct disk_sample then = sample_of(100);
	CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(5);
	CLEANUP(disk_sample_clear) struct disk_sample d = { 0 };

	CHECK(disk_reading_between(&d, &then, &now) == 0);
	CHECK(d.devices[1].op[FL_DISK_WRITE].ios == 5);
	CHECK(d.shares[0].op[FL_DISK_WRITE].bytes == 5 * 4096);
	return 0;
}

static int a_row_that_went_to_another_cgroup_counts_from_zero(void)
{
	CLEANUP(disk_sample_clear) struct disk_sample then = sample_of(100);
	CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(130);
	CLEANUP(disk_sample_clear) struct disk_sample d = { 0 };

	now.shares[0].cgroup = 78;
	CHECK(disk_reading_between(&d, &then, &now) == 0);
	CHECK(d.shares[0].op[FL_DISK_WRITE].ios == 130);
	return 0;
}

/* The cgroup's 100 went over to the share of all that are gone, and 30 more of its last moments. */
static int what_a_cgroup_that_is_gone_left_behind_is_no_news(void)
{
	CLEANUP(disk_sample_clear) struct disk_sample then = sample_of(100);
	CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(130);
	CLEANUP(disk_sample_clear) struct disk_sample d = { 0 };

	now.shares[0].cgroup = DISK_CGROUPS_GONE;
	CHECK(disk_reading_between(&d, &then, &now) == 0);
	CHECK(d.shares[0].op[FL_DISK_WRITE].ios == 30);
	CHECK(d.shares[0].op[FL_DISK_WRITE].bytes == 30 * 4096);
	CHECK(hist_count(&d.details[0].op[FL_DISK_WRITE].device) == 30);
	return 0;
}

/* So did what a device had, to the counts of all devices of its kind. */
static int what_a_device_that_is_gone_left_behind_is_no_news(void)
{
	for (int of = 0; of < _DISK_GONE_MAX; of++) {
		CLEANUP(disk_sample_clear) struct disk_sample then = sample_of(100);
		CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(130);
		CLEANUP(disk_sample_clear) struct disk_sample d = { 0 };

		then.shares[0].bio_based = of == DISK_GONE_BIO;
		memcpy(now.gone[of], now.shares[0].op, sizeof(now.gone[of]));
		now.details[of] = now.details[0]; /* there is no share before it any more */
		now.share_count = now.device_count = 0;
		CHECK(disk_reading_between(&d, &then, &now) == 0);
		CHECK(d.gone[of][FL_DISK_WRITE].ios == 30);
		CHECK(d.gone[!of][FL_DISK_WRITE].ios == 0);
		CHECK(hist_count(&d.details[of].op[FL_DISK_WRITE].device) == 30);
	}
	return 0;
}

static int from_nothing_everything_is_new(void)
{
	CLEANUP(disk_sample_clear) struct disk_sample then = { 0 };
	CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(130);
	CLEANUP(disk_sample_clear) struct disk_sample d = { 0 };

	CHECK(disk_reading_between(&d, &then, &now) == 0);
	CHECK(d.devices[1].op[FL_DISK_WRITE].ios == 130 &&
	      d.shares[0].op[FL_DISK_WRITE].ios == 130);
	return 0;
}

static int a_disk_in_another_row_or_by_another_number_counts_from_zero(void)
{
	CLEANUP(disk_sample_clear) struct disk_sample then = sample_of(100);
	CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(130);
	CLEANUP(disk_sample_clear) struct disk_sample d = { 0 }, e = { 0 };

	now.devices[1].number++; /* another device took the row */
	CHECK(disk_reading_between(&d, &then, &now) == 0);
	CHECK(d.devices[1].op[FL_DISK_WRITE].ios == 130);
	CHECK(!disk_restarted(&then, &now.devices[1]));
	now.devices[1].number--;
	now.devices[1].index++; /* made again under its number, in another row */
	CHECK(disk_reading_between(&e, &then, &now) == 0);
	CHECK(e.devices[1].op[FL_DISK_WRITE].ios == 130);
	return 0;
}

/* Whichever of its counters shows it: none of the window may be negative, that is huge. */
static int a_disk_that_begins_anew_is_told_by_any_counter(void)
{
	for (int what = 0; what < 6; what++) {
		CLEANUP(disk_sample_clear) struct disk_sample then = sample_of(100);
		CLEANUP(disk_sample_clear) struct disk_sample now = sample_of(130);
		CLEANUP(disk_sample_clear) struct disk_sample d = { 0 };
		struct disk_count *c = &then.devices[1].op[FL_DISK_WRITE];
		uint64_t *counters[] = { &c->ios,
					 &c->bytes,
					 &c->completed,
					 &c->queue.slots[2],
					 &c->device.slots[9],
					 &c->merged };

		*counters[what] = 1000000;
		CHECK(disk_restarted(&then, &now.devices[1]));
		CHECK(disk_reading_between(&d, &then, &now) == 0);
		c = &d.devices[1].op[FL_DISK_WRITE];
		CHECK(c->ios == 130 && c->bytes == 130 * 4096 && c->completed == 130);
		CHECK(hist_count(&c->device) == 130 && hist_count(&c->queue) == 130);
	}
	return 0;
}

TEST_MAIN({ "only what is between counts", only_what_is_between_counts },
	  { "a disk that came back counts from zero", a_disk_that_came_back_counts_from_zero },
	  { "a row that went to another cgroup counts from zero",
	    a_row_that_went_to_another_cgroup_counts_from_zero },
	  { "what a cgroup that is gone left behind is no news",
	    what_a_cgroup_that_is_gone_left_behind_is_no_news },
	  { "what a device that is gone left behind is no news",
	    what_a_device_that_is_gone_left_behind_is_no_news },
	  { "times per cgroup need both ends", times_per_cgroup_need_both_ends },
	  { "from nothing everything is new", from_nothing_everything_is_new },
	  { "a disk in another row or by another number counts from zero",
	    a_disk_in_another_row_or_by_another_number_counts_from_zero },
	  { "a disk that begins anew is told by any counter",
	    a_disk_that_begins_anew_is_told_by_any_counter }, )
