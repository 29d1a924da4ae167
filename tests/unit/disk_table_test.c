/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/probes/disk_sample.h"
#include "tests/lib/bundle.h"
#include "tests/lib/test.h"

/* What /proc/diskstats says in a folder that stands for the root. */
static void read_as(struct disk_table *ret, const char *text)
{
	char root[] = "/tmp/fairlead-disks-XXXXXX";
	struct fs_machine *machine;

	bundle_open(root, NULL);
	bundle_write(root, "proc/diskstats", text);
	machine = bundle_machine(root);
	disk_table_read(ret, machine);
	fs_machine_free(machine);
	bundle_close(root);
}

static int a_device_is_found_by_its_number(void)
{
	struct disk_table t;

	read_as(&t, "   8       0 sda 5 0 40 1 7 0 56 2 3 4 5 0 0 0 0 1 1\n"
		    "   8       1 sda1 1 1 1 1 1 1 1 1 0 1 1\n"
		    " 259 1048575 nvme0n1 1 2 3 4 5 6 7 8 18446744073709551615 1 1\n");
	CHECK(t.count == 3);
	CHECK(!strcmp(disk_table_find(&t, 8 << 20)->name, "sda"));
	CHECK(disk_table_find(&t, 8 << 20)->in_flight == 3);
	CHECK(disk_table_find(&t, 8 << 20)->busy_ms == 4);
	CHECK(disk_table_find(&t, 259u << 20 | 1048575)->in_flight == UINT64_MAX);
	CHECK(!disk_table_find(&t, 7));
	disk_table_clear(&t);
	return 0;
}

static int lines_of_another_kind_are_left_out(void)
{
	struct disk_table t;

	read_as(&t, "\n   8       0 sda\n   8 0 sda 1 2 3 4 5 6 7 8\nnonsense\n"
		    "   8      16 sdb 1 2 3 4 5 6 7 8 9\n"
		    "   8      32 a-name-that-is-longer-than-any-there-is 1 2 3 4 5 6 7 8 9");
	CHECK(t.count == 1 && !strcmp(t.rows[0].name, "sdb") && t.rows[0].in_flight == 9);
	disk_table_clear(&t);
	return 0;
}

static int without_the_file_there_are_none(void)
{
	CLEANUP(fs_machine_freep) struct fs_machine *machine = bundle_machine("/nowhere");
	struct disk_table t;

	disk_table_read(&t, machine);
	CHECK(t.count == 0 && !disk_table_find(&t, 0));
	disk_table_clear(&t);
	return 0;
}

/* A machine with many disks, the last of them with a partition, and what was counted of two. */
enum { ZRAM0 = 10, SDA, SDA1, ROWS }; /* behind loop0 to loop9 */
static const char *const names[ROWS] = { "loop0", "loop1", "loop2", "loop3", "loop4",
					 "loop5", "loop6", "loop7", "loop8", "loop9",
					 "zram0", "sda",   "sda1" };

struct rig {
	char root[32];
	struct fs_machine *machine;
	struct disk_device_sample devices[2];
	struct disk_sample counted;
	struct disk_table last, now;
};

static uint32_t number_of(int row)
{
	return row < ZRAM0    ? 7u << 20 | (uint32_t)row
	       : row == ZRAM0 ? 252u << 20
			      : (uint32_t)(8u << 20) | (uint32_t)(row - SDA);
}

static void set_file(const struct rig *r, const char *stat)
{
	char text[1024];
	int n = 0;

	for (int row = 0; row < ROWS; row++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%4u %7u %s %s\n",
			      number_of(row) >> 20, number_of(row) & 0xfffff, names[row], stat);
	bundle_write(r->root, "proc/diskstats", text);
}

/* At first 4 ms busy; then 6 by the whole file, 8 by that of a row. */
static void rig_open(struct rig *r)
{
	char path[64];

	*r = (struct rig){ .root = "/tmp/fairlead-disks-XXXXXX",
			   .devices = { { .number = number_of(0) },
					{ .number = number_of(SDA) } } };
	r->counted = (struct disk_sample){ .device_count = 2, .devices = r->devices };
	bundle_open(r->root, NULL);
	r->machine = bundle_machine(r->root);
	set_file(r, "5 0 40 1 7 0 56 2 0 4 5");
	disk_table_read(&r->last, r->machine);
	disk_table_note(&r->last, &r->counted);
	set_file(r, "6 0 48 1 7 0 56 2 1 6 7");
	for (int row = 1; row < ROWS; row++) { /* loop0's cannot be read */
		snprintf(path, sizeof(path), "sys/class/block/%s/stat", names[row]);
		bundle_write(r->root, path, " 9 0 72 1 7 0 56 2 2 8 9\n");
	}
}

static void rig_close(struct rig *r)
{
	disk_table_clear(&r->last);
	disk_table_clear(&r->now);
	fs_machine_free(r->machine);
	bundle_close(r->root);
}

/* For how long this one was busy, as it is told again. */
static uint64_t told_again(struct rig *r, size_t row)
{
	disk_table_clear(&r->now);
	disk_table_read_again(&r->now, &r->last, &r->counted, r->machine);
	return r->now.count == ROWS ? r->now.rows[row].busy_ms : 0;
}

static int disks_that_did_nothing_are_told_as_they_were(void)
{
	CLEANUP(rig_close) struct rig r;
	struct disk_count *sda;

	rig_open(&r);
	sda = r.devices[1].op;
	CHECK(told_again(&r, 0) == 4 && told_again(&r, SDA) == 4);
	sda[FL_DISK_WRITE].ios++;
	sda[FL_DISK_WRITE].completed++;
	CHECK(told_again(&r, SDA) == 8 && told_again(&r, SDA1) == 8 && told_again(&r, 1) == 4);
	CHECK(r.now.rows[SDA].in_flight == 2);
	sda[FL_DISK_WRITE] = (struct disk_count){ .requeued = 1 };
	CHECK(told_again(&r, SDA) == 8);
	sda[FL_DISK_WRITE] = (struct disk_count){ 0 };
	CHECK(told_again(&r, SDA) == 4 && told_again(&r, ZRAM0) == 8); /* what zram does may hide */
	return 0;
}

static int a_disk_that_was_at_work_is_looked_at_again(void)
{
	CLEANUP(rig_close) struct rig r;

	rig_open(&r);
	r.last.rows[SDA].in_flight = 1;
	CHECK(told_again(&r, SDA) == 8 && told_again(&r, 0) == 4);
	r.last.rows[SDA].in_flight = 0;
	r.devices[1].op[FL_DISK_READ].ios = 1; /* which the kernel had not booked yet */
	disk_table_note(&r.last, &r.counted);
	CHECK(told_again(&r, SDA) == 8 && told_again(&r, 0) == 4);
	return 0;
}

static int all_is_read_where_the_probe_does_not_know_all(void)
{
	CLEANUP(rig_close) struct rig r;

	rig_open(&r);
	r.counted.lost_bios = 1;
	CHECK(told_again(&r, 0) == 6);
	r.counted.lost_bios = 0;
	r.counted.no_device_row = 1;
	CHECK(told_again(&r, 0) == 6);
	r.counted.no_device_row = 0;
	r.devices[0].number = 9 << 20; /* a new one */
	CHECK(told_again(&r, 0) == 6);
	r.devices[0].number = number_of(0);
	r.devices[0].op[FL_DISK_READ].ios++;
	CHECK(told_again(&r, 0) == 6);
	r.devices[0].op[FL_DISK_READ].ios--;
	r.last.noted = false;
	CHECK(told_again(&r, 0) == 6);
	return 0;
}

static int all_is_read_where_many_were_at_work(void)
{
	CLEANUP(rig_close) struct rig r;

	rig_open(&r);
	r.last.rows[1].in_flight = r.last.rows[3].in_flight = 1; /* and zram0 */
	CHECK(told_again(&r, 1) == 8 && told_again(&r, 2) == 4);
	r.last.rows[4].in_flight = 1;
	CHECK(told_again(&r, 1) == 6 && told_again(&r, 2) == 6);
	return 0;
}

TEST_MAIN({ "a device is found by its number", a_device_is_found_by_its_number },
	  { "lines of another kind are left out", lines_of_another_kind_are_left_out },
	  { "without the file there are none", without_the_file_there_are_none },
	  { "disks that did nothing are told as they were",
	    disks_that_did_nothing_are_told_as_they_were },
	  { "a disk that was at work is looked at again",
	    a_disk_that_was_at_work_is_looked_at_again },
	  { "all is read where the probe does not know all",
	    all_is_read_where_the_probe_does_not_know_all },
	  { "all is read where many were at work", all_is_read_where_many_were_at_work }, )
