/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/attribution.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

#define ID  "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define ID2 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define UID "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
#define UND "1b4e28ba_2fa1_11d2_883f_0016d3cca427"
#define MAN "d41d8cd98f00b204e9800998ecf8427e"

static int is(const char *path, const char *pod, const char *container, const char *unit)
{
	struct attribution a = attribute(path);

	CHECK(!strcmp(a.pod, pod));
	CHECK(!strcmp(a.container, container));
	CHECK(!strcmp(a.unit, unit));
	return 0;
}

static int pods_of_the_systemd_driver(void)
{
	CHECK(!is("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UND
		  ".slice/cri-containerd-" ID ".scope",
		  UID, ID, ""));
	CHECK(!is("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UND
		  ".slice/crio-" ID ".scope",
		  UID, ID, ""));
	CHECK(!is("/kubepods.slice/kubepods-pod" UND ".slice/docker-" ID ".scope", UID, ID, ""));
	CHECK(!is("/kubepods.slice/kubepods-pod" UND ".slice", UID, "", ""));
	CHECK(!is("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" MAN
		  ".slice/cri-containerd-" ID ".scope",
		  MAN, ID, ""));
	return 0;
}

static int pods_of_the_cgroupfs_driver(void)
{
	CHECK(!is("/kubepods/burstable/pod" UID "/" ID, UID, ID, ""));
	CHECK(!is("/kubepods/besteffort/pod" UID "/crio-" ID, UID, ID, ""));
	CHECK(!is("/kubepods/pod" UID "/" ID, UID, ID, ""));
	CHECK(!is("/kubepods/burstable/pod" MAN, MAN, "", ""));
	return 0;
}

static int pods_below_another_root(void)
{
	/* kind: the node is a container of its own */
	CHECK(!is("/docker/" ID2 "/kubelet.slice/kubelet-kubepods.slice/"
		  "kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" UND
		  ".slice/cri-containerd-" ID ".scope",
		  UID, ID, ""));
	CHECK(!is("/system.slice/docker-" ID2 ".scope/kubelet/kubepods/pod" UID, UID, "", ""));
	/* a service inside of a container is the container's */
	CHECK(!is("/kubepods/pod" UID "/" ID "/system.slice/nginx.service", UID, ID,
		  "nginx.service"));
	return 0;
}

static int containers_without_a_pod(void)
{
	CHECK(!is("/docker/" ID, "", ID, ""));
	CHECK(!is("/system.slice/docker-" ID ".scope", "", ID, ""));
	CHECK(!is("/machine.slice/libpod-" ID ".scope/container", "", ID, ""));
	CHECK(!is("/machine.slice/libpod-conmon-" ID ".scope", "", "",
		  "libpod-conmon-" ID ".scope"));
	CHECK(!is("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
		  "", ID, "user@1000.service"));
	return 0;
}

static int systemd_units(void)
{
	CHECK(!is("/system.slice/ssh.service", "", "", "ssh.service"));
	CHECK(!is("/user.slice/user-1000.slice/session-2.scope", "", "", "session-2.scope"));
	CHECK(!is("/system.slice/system-getty.slice/getty@tty1.service", "", "",
		  "getty@tty1.service"));
	CHECK(!is("/system.slice", "", "", ""));
	CHECK(!is("/", "", "", ""));
	CHECK(!is("", "", "", ""));
	return 0;
}

static int what_only_looks_like_one_is_none(void)
{
	CHECK(!is("/podman", "", "", ""));
	CHECK(!is("/pod1234", "", "", ""));
	CHECK(!is("/tripod" UID, "", "", ""));
	CHECK(!is("/pod" UID "x", "", "", ""));
	CHECK(!is("/kubepods/pod" UID "/" ID "0", UID, "", ""));
	CHECK(!is("/x" ID, "", "", ""));
	CHECK(!is("/a/0A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F9", "", "",
		  ""));
	return 0;
}

#define TREES "tests/fixtures/cgroups"

static bool said(const char *is, const char *field)
{
	return !strcmp(is, strcmp(field, "-") ? field : "");
}

/* One line of a tree: path, pod, container, unit; "-" for none. */
static bool holds(char *line)
{
	char *fields[4];
	struct attribution a;

	line[strcspn(line, "\n")] = '\0';
	if (*line == '#')
		return true;
	for (int i = 0; i < 4; i++) {
		fields[i] = strsep(&line, "\t");
		if (!fields[i])
			return false;
	}
	a = attribute(fields[0]);
	if (said(a.pod, fields[1]) && said(a.container, fields[2]) && said(a.unit, fields[3]))
		return true;
	printf("# %s: pod \"%s\" container \"%s\" unit \"%s\"\n", fields[0], a.pod, a.container,
	       a.unit);
	return false;
}

static int the_trees_of_all_who_make_cgroups_are_read_right(void)
{
	struct dirent *entry;
	DIR *trees = opendir(TREES);
	int lines = 0, wrong = 0;
	char line[1024];

	while (trees && (entry = readdir(trees))) {
		char path[512];
		FILE *tree;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), TREES "/%s", entry->d_name);
		tree = fopen(path, "re");
		for (; tree && fgets(line, sizeof(line), tree); lines++)
			wrong += !holds(line);
		if (tree)
			fclose(tree);
	}
	if (trees)
		closedir(trees);
	CHECK(lines > 150);
	CHECK(wrong == 0);
	return 0;
}

TEST_MAIN({ "the trees of all who make cgroups are read right",
	    the_trees_of_all_who_make_cgroups_are_read_right },
	  { "pods of the systemd driver", pods_of_the_systemd_driver },
	  { "pods of the cgroupfs driver", pods_of_the_cgroupfs_driver },
	  { "pods below another root", pods_below_another_root },
	  { "containers without a pod", containers_without_a_pod },
	  { "systemd units", systemd_units },
	  { "what only looks like one is none", what_only_looks_like_one_is_none }, )
