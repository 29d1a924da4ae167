/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/probes/cgroup_names.h"
#include "tests/lib/test.h"

static int a_list_of_cpus_is_understood(void)
{
	bool on[8];

	CHECK(machine_parse_cpus("0-2,5", on, 8) == 0);
	CHECK(on[0] && on[1] && on[2] && !on[3] && !on[4] && on[5] && !on[7]);
	CHECK(machine_parse_cpus("", on, 8) == 0 && !on[0]);
	CHECK(machine_parse_cpus("0-63", on, 8) == 0 && on[7]); /* more than we have room for */
	return 0;
}

static int a_list_that_is_none_is_refused(void)
{
	bool on[8];

	CHECK(machine_parse_cpus("0-", on, 8) == -EINVAL);
	CHECK(machine_parse_cpus("a", on, 8) == -EINVAL);
	CHECK(machine_parse_cpus("0;1", on, 8) == -EINVAL);
	CHECK(machine_parse_cpus("-3", on, 8) == -EINVAL);
	return 0;
}

/* A machine in a folder, as it would look with the given mounts. */
static char *fake_machine(const char *mounts, const char *lockdown)
{
	static char root[] = "/tmp/machine-test-XXXXXX";
	char path[256];
	FILE *f;

	strcpy(root + strlen(root) - 6, "XXXXXX");
	if (!mkdtemp(root))
		abort();
	snprintf(path, sizeof(path), "mkdir -p %s/proc/self %s/sys/kernel/security %s/cg/a/b", root,
		 root, root);
	if (system(path))
		abort();
	snprintf(path, sizeof(path), "%s/proc/self/mounts", root);
	f = fopen(path, "w");
	fputs(mounts, f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/sys/kernel/security/lockdown", root);
	f = fopen(path, "w");
	fputs(lockdown, f);
	fclose(f);
	return root;
}

static void remove_machine(const char *root)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r %s", root);
	if (system(command))
		abort();
}

static int the_three_cgroup_layouts_are_told_apart(void)
{
	static const struct {
		const char *mounts;
		enum cgroup_layout layout;
	} cases[] = {
		{ "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", CGROUP_V2 },
		{ "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /cg cgroup2 rw 0 0\n",
		  CGROUP_HYBRID },
		{ "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n", CGROUP_V1 },
		{ "proc /proc proc rw 0 0\n", CGROUP_NONE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *root = fake_machine(cases[i].mounts, "none [integrity] confidentiality\n");
		struct machine m;

		machine_read(&m, root);
		remove_machine(root);
		CHECK(m.cgroups == cases[i].layout);
		CHECK(!strcmp(m.lockdown, "integrity"));
		CHECK(!m.btf);
	}
	return 0;
}

/* The path of a folder by its number, where a machine has these mounts. */
static void path_by_number(const char *mountinfo, const char *folder, char ret[256], bool *whole)
{
	char *root = fake_machine("", "");
	struct cgroup_names *names = NULL;
	const char *found = NULL;
	struct stat st;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	f = fopen(path, "we");
	if (!f || fputs(mountinfo, f) < 0 || fclose(f))
		abort();
	snprintf(path, sizeof(path), "%s%s", root, folder);
	if (!stat(path, &st) && !cgroup_names_new(&names, root, NULL))
		found = cgroup_names_find(names, st.st_ino);
	snprintf(ret, 256, "%s", found ? found : "(none)");
	*whole = names && cgroup_names_whole(names) && cgroup_names_from_root(names);
	remove_machine(root);
	if (names &&
	    (cgroup_names_refresh(names) != -ENOENT || cgroup_names_find(names, st.st_ino)))
		snprintf(ret, 256, "(still there)");
	cgroup_names_free(names);
}

static int a_cgroup_is_found_by_its_number(void)
{
	bool whole;
	char path[256];

	path_by_number("31 23 0:28 / /cg rw - cgroup2 cgroup2 rw,nsdelegate\n", "/cg/a/b", path,
		       &whole);
	CHECK(!strcmp(path, "/a/b"));
	CHECK(!whole); /* a folder's inode is not that of a hierarchy's root */
	path_by_number("31 23 0:28 / /cg rw shared:4 master:7 - cgroup2 cgroup2 rw\n", "/cg", path,
		       &whole);
	CHECK(!strcmp(path, "/"));
	return 0;
}

static int of_several_mounts_the_one_that_shows_most_is_taken(void)
{
	bool whole;
	char path[256];

	/* a container's own, and beside it one from above its namespace */
	path_by_number("31 23 0:28 / /cg/a/b rw - cgroup2 cgroup2 rw\n"
		       "32 23 0:28 /../../.. /cg ro - cgroup2 cgroup2 rw\n",
		       "/cg/a/b", path, &whole);
	CHECK(!strcmp(path, "/a/b"));
	path_by_number("32 23 0:28 /../../.. /cg ro - cgroup2 cgroup2 rw\n"
		       "31 23 0:28 / /cg/a/b rw - cgroup2 cgroup2 rw\n",
		       "/cg/a/b", path, &whole);
	CHECK(!strcmp(path, "/a/b"));
	/* one that is covered or hidden shows nothing */
	path_by_number("32 23 0:28 /../.. /nowhere rw - cgroup2 cgroup2 rw\n"
		       "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n",
		       "/cg/a", path, &whole);
	CHECK(!strcmp(path, "/a"));
	return 0;
}

static int below_a_part_of_the_tree_names_are_those_of_the_tree(void)
{
	bool whole;
	char path[256];

	path_by_number("31 23 0:28 /kubepods.slice /cg rw - cgroup2 cgroup2 rw\n", "/cg/a/b", path,
		       &whole);
	CHECK(!strcmp(path, "/kubepods.slice/a/b") && !whole);
	path_by_number("31 23 0:28 /with\\040space /cg rw - cgroup2 cgroup2 rw\n", "/cg", path,
		       &whole);
	CHECK(!strcmp(path, "/with space"));
	return 0;
}

static int lines_that_are_no_mounts_are_left_out(void)
{
	static const char *const lines[] = {
		"",
		"\n",
		"31\n",
		"31 23 0:28 / /cg rw cgroup2 cgroup2 rw\n",
		"31 23 - cgroup2 cgroup2 rw\n",
		"31 23 0:28 / /cg rw - cgroup2\n",
		"31 23 0:28 / /cg rw - cgroup cgroup rw,cpu\n",
	};
	bool whole;
	char path[256];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		path_by_number(lines[i], "/cg/a", path, &whole);
		CHECK(!strcmp(path, "(none)"));
	}
	return 0;
}

static int no_cgroup2_mount_is_said(void)
{
	char *root = fake_machine("proc /proc proc rw 0 0\n", "");
	struct cgroup_names *names = NULL;
	int r = cgroup_names_new(&names, root, NULL);

	remove_machine(root);
	CHECK(r < 0 && !names);
	return 0;
}

TEST_MAIN({ "a list of CPUs is understood", a_list_of_cpus_is_understood },
	  { "a list that is none is refused", a_list_that_is_none_is_refused },
	  { "the cgroup layouts are told apart", the_three_cgroup_layouts_are_told_apart },
	  { "a cgroup is found by its number", a_cgroup_is_found_by_its_number },
	  { "of several mounts the one that shows most is taken",
	    of_several_mounts_the_one_that_shows_most_is_taken },
	  { "below a part of the tree names are those of the tree",
	    below_a_part_of_the_tree_names_are_those_of_the_tree },
	  { "lines that are no mounts are left out", lines_that_are_no_mounts_are_left_out },
	  { "no cgroup2 mount is said", no_cgroup2_mount_is_said }, )
