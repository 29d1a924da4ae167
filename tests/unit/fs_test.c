/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/fs.h"

#include <dirent.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "tests/lib/bundle.h"
#include "tests/lib/test.h"

static int descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(all))
		n++;
	closedir(all);
	return n;
}

static int a_file_that_stays_open_is_read_anew(void)
{
	CLEANUP(fs_machine_freep) struct fs_machine *m = bundle_machine("");
	static const char path[] = "/proc/self/comm";
	int before = descriptors();
	char text[32];

	CHECK(prctl(PR_SET_NAME, "first") == 0);
	CHECK(fs_machine_read(m, path, text, sizeof(text)) == 5 && !strcmp(text, "first"));
	CHECK(prctl(PR_SET_NAME, "the other") == 0);
	CHECK(fs_machine_read(m, path, text, sizeof(text)) == 9 && !strcmp(text, "the other"));
	CHECK(fs_machine_read(m, path, text, 4) == 3 && !strcmp(text, "the"));
	CHECK(descriptors() == before + 1);
	m = fs_machine_free(m);
	CHECK(descriptors() == before);
	return 0;
}

static int a_file_of_what_has_gone_is_let_go(void)
{
	CLEANUP(fs_machine_freep) struct fs_machine *m = bundle_machine("");
	int gate[2], before = descriptors();
	char path[64], text[32];
	pid_t child;

	CHECK(pipe(gate) == 0);
	child = fork();
	if (!child) {
		close(gate[1]);
		_exit((int)read(gate[0], text, 1));
	}
	close(gate[0]);
	snprintf(path, sizeof(path), "/proc/%d/comm", child);
	CHECK(fs_machine_read(m, path, text, sizeof(text)) > 0 && descriptors() == before + 2);
	close(gate[1]);
	CHECK(waitpid(child, NULL, 0) == child);
	CHECK(fs_machine_read(m, path, text, sizeof(text)) < 0 && descriptors() == before);
	return 0;
}

static int a_file_of_a_folder_that_was_replaced_is_the_new_one(void)
{
	char root[] = "/tmp/fairlead-fs-XXXXXX", path[64], text[8];
	struct fs_machine *m;

	bundle_open(root, NULL);
	m = bundle_machine(root);
	snprintf(path, sizeof(path), "%s/it", root);
	bundle_write(root, "it", "old\n");
	CHECK(fs_machine_read(m, "/it", text, sizeof(text)) == 3);
	CHECK(remove(path) == 0);
	CHECK(fs_machine_read(m, "/it", text, sizeof(text)) < 0);
	bundle_write(root, "it", "new one\n");
	CHECK(fs_machine_read(m, "/it", text, sizeof(text)) == 7 && !strcmp(text, "new one"));
	fs_machine_free(m);
	bundle_close(root);
	return 0;
}

static int more_than_can_stay_open_are_read_all_the_same(void)
{
	CLEANUP(fs_machine_freep) struct fs_machine *m = bundle_machine("");
	int before = descriptors();
	char path[64], text[64];

	for (int again = 0; again < 2; again++)
		for (int n = 1; n <= 40; n++) { /* the same file by as many names */
			snprintf(path, sizeof(path), "/proc%.*sloadavg", n,
				 "////////////////////////////////////////");
			CHECK(fs_machine_read(m, path, text, sizeof(text)) > 0);
			CHECK(strchr(text, '/'));
		}
	CHECK(descriptors() > before && descriptors() < before + 40);
	return 0;
}

TEST_MAIN({ "a file that stays open is read anew", a_file_that_stays_open_is_read_anew },
	  { "a file of what has gone is let go", a_file_of_what_has_gone_is_let_go },
	  { "a file of a folder that was replaced is the new one",
	    a_file_of_a_folder_that_was_replaced_is_the_new_one },
	  { "more than can stay open are read all the same",
	    more_than_can_stay_open_are_read_all_the_same }, )
