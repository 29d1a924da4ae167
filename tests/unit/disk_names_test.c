/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "tests/lib/bundle.h"
#include "tests/lib/test.h"

/* What /proc/diskstats says in a folder that stands for the root. */
static int read_as(struct disk_table *ret, const char *text)
{
	char root[] = "/tmp/fairlead-disks-XXXXXX", path[64];
	struct fs_machine *machine;
	FILE *file;

	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof(path), "%s/proc", root);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/proc/diskstats", root);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		return -1;
	machine = bundle_machine(root);
	disk_table_read(ret, machine);
	fs_machine_free(machine);
	unlink(path);
	snprintf(path, sizeof(path), "%s/proc", root);
	return rmdir(path) || rmdir(root);
}

static int a_device_is_found_by_its_number(void)
{
	struct disk_table t;

	CHECK(read_as(&t, "   8       0 sda 5 0 40 1 7 0 56 2 3 4 5 0 0 0 0 1 1\n"
			  "   8       1 sda1 1 1 1 1 1 1 1 1 0 1 1\n"
			  " 259 1048575 nvme0n1 1 2 3 4 5 6 7 8 18446744073709551615 1 1\n") == 0);
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

	CHECK(read_as(&t,
		      "\n   8       0 sda\n   8 0 sda 1 2 3 4 5 6 7 8\nnonsense\n"
		      "   8      16 sdb 1 2 3 4 5 6 7 8 9\n"
		      "   8      32 a-name-that-is-longer-than-any-there-is 1 2 3 4 5 6 7 8 9") ==
	      0);
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

TEST_MAIN({ "a device is found by its number", a_device_is_found_by_its_number },
	  { "lines of another kind are left out", lines_of_another_kind_are_left_out },
	  { "without the file there are none", without_the_file_there_are_none }, )
