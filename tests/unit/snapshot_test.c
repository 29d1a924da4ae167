/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/snapshot.h"

#include <string.h>

#include "agent/base/cleanup.h"
#include "tests/lib/test.h"

static int the_row_of_all_others_is_the_last(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	static const char *const names[] = { OTHER, "/a", "/b" };

	CHECK(snapshot_new(&s, 0, 3, 3, 0) == 0);
	for (unsigned int i = 0; i < 3; i++) {
		snprintf(s->cgroups[i].path, sizeof(s->cgroups[i].path), "%s", names[i]);
		snprintf(s->disks[i].name, sizeof(s->disks[i].name), "%s", names[i]);
		s->cgroups[i].sched[SCHED_WAIT_NS] = i ? i : 100;
		s->disks[i].op[DISK_READ].bytes = i ? i : 100;
	}
	snapshot_sort(s);
	CHECK(!strcmp(s->cgroups[0].path, "/b") && !strcmp(s->cgroups[1].path, "/a"));
	CHECK(!strcmp(s->cgroups[2].path, OTHER));
	CHECK(!strcmp(s->disks[0].name, "/b") && !strcmp(s->disks[1].name, "/a"));
	CHECK(!strcmp(s->disks[2].name, OTHER));
	return 0;
}

TEST_MAIN({ "the row of all others is the last, however much it has",
	    the_row_of_all_others_is_the_last }, )
