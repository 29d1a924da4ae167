/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/fs.h"

#include <dirent.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/bundle.h"
#include "tests/lib/test.h"

static int a_file_that_stays_open_is_read_anew(void)
{
	static const char path[] = "/proc/self/comm";
	char text[32];

	CHECK(prctl(PR_SET_NAME, "first") == 0);
	CHECK(fs_read_often(path, text, sizeof(text)) == 5 && !strcmp(text, "first"));
	CHECK(prctl(PR_SET_NAME, "the other") == 0);
	CHECK(fs_read_often(path, text, sizeof(text)) == 9 && !strcmp(text, "the other"));
	CHECK(fs_read_often(path, text, 4) == 3 && !strcmp(text, "the"));
	return 0;
}

static int descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(all))
		n++;
	closedir(all);
	return n;
}

static int a_file_of_what_has_gone_is_opened_anew(void)
{
	char path[64], text[32];
	int gate[2], before;
	pid_t child;

	CHECK(pipe(gate) == 0);
	child = fork();
	if (!child) {
		close(gate[1]);
		_exit((int)read(gate[0], text, 1));
	}
	close(gate[0]);
	snprintf(path, sizeof(path), "/proc/%d/comm", child);
	before = descriptors();
	CHECK(fs_read_often(path, text, sizeof(text)) > 0 && descriptors() == before + 1);
	close(gate[1]);
	CHECK(waitpid(child, NULL, 0) == child);
	CHECK(fs_read_often(path, text, sizeof(text)) < 0 && descriptors() == before - 1);
	return 0;
}

static int a_file_that_was_replaced_is_the_new_one(void)
{
	char root[] = "/tmp/fairlead-fs-XXXXXX", path[64], text[8];

	bundle_open(root, NULL);
	snprintf(path, sizeof(path), "%s/it", root);
	bundle_write(root, "it", "old\n");
	CHECK(fs_read_often(path, text, sizeof(text)) == 3);
	CHECK(remove(path) == 0);
	CHECK(fs_read_often(path, text, sizeof(text)) < 0);
	bundle_write(root, "it", "new one\n");
	CHECK(fs_read_often(path, text, sizeof(text)) == 7 && !strcmp(text, "new one"));
	bundle_close(root);
	return 0;
}

static int more_than_stay_open_are_read_all_the_same(void)
{
	char path[64], text[64];
	int before = descriptors();

	for (int again = 0; again < 2; again++)
		for (int cpu = 0; cpu < 40; cpu++) {
			/* the same file by as many names */
			memset(path, '\0', sizeof(path));
			memcpy(path, "/proc", 5);
			memset(path + 5, '/', (size_t)cpu + 1);
			strcat(path, "loadavg");
			CHECK(fs_read_often(path, text, sizeof(text)) > 0 && strchr(text, '/'));
		}
	CHECK(descriptors() > before && descriptors() < before + 40);
	return 0;
}

TEST_MAIN({ "a file that stays open is read anew", a_file_that_stays_open_is_read_anew },
	  { "a file of what has gone is opened anew", a_file_of_what_has_gone_is_opened_anew },
	  { "a file that was replaced is the new one", a_file_that_was_replaced_is_the_new_one },
	  { "more than stay open are read all the same",
	    more_than_stay_open_are_read_all_the_same }, )
