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

static int a_cgroup_is_found_by_its_number(void)
{
	char *root = fake_machine("cgroup2 /cg cgroup2 rw 0 0\n", "");
	struct cgroup_names *names = NULL;
	char path[256];
	struct stat st;
	int found, whole, r;

	snprintf(path, sizeof(path), "%s/cg/a/b", root);
	CHECK(stat(path, &st) == 0);
	r = cgroup_names_new(&names, root, NULL);
	CHECK(r == 0);
	found = cgroup_names_find(names, st.st_ino) &&
		!strcmp(cgroup_names_find(names, st.st_ino), "/a/b");
	whole = cgroup_names_whole(names);
	remove_machine(root);
	CHECK(cgroup_names_refresh(names) == -ENOENT);
	CHECK(cgroup_names_find(names, st.st_ino) == NULL);
	cgroup_names_free(names);
	CHECK(found);
	CHECK(!whole); /* a folder's inode is not that of a hierarchy's root */
	return 0;
}

static int no_cgroup2_mount_is_said(void)
{
	char *root = fake_machine("proc /proc proc rw 0 0\n", "");
	struct cgroup_names *names = NULL;
	int r = cgroup_names_new(&names, root, NULL);

	remove_machine(root);
	CHECK(r == -ENODEV && !names);
	return 0;
}

TEST_MAIN({ "a list of CPUs is understood", a_list_of_cpus_is_understood },
	  { "a list that is none is refused", a_list_that_is_none_is_refused },
	  { "the cgroup layouts are told apart", the_three_cgroup_layouts_are_told_apart },
	  { "a cgroup is found by its number", a_cgroup_is_found_by_its_number },
	  { "no cgroup2 mount is said", no_cgroup2_mount_is_said }, )
