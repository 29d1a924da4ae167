/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/label.h"

#include <stdio.h>
#include <string.h>

#include "agent/snapshot/snapshot.h"
#include "tests/lib/test.h"

#define ID  "1b3f5e7a9c0d2e4f6a8b1c3d5e7f90a2b4c6d8e0f1a3b5c7d9e1f3a5b7c9d1e3"
#define POD "kubepods.slice/kubepods-pod6f0c4a1e_52d7_4b0e_9a3c_0d4f1e7b2c88.slice"
#define UID "6f0c4a1e-52d7-4b0e-9a3c-0d4f1e7b2c88"

static const char *label(const char *path, const char *pod, const char *container)
{
	static char text[LABEL_MAX];
	static struct cgroup_snapshot c;

	snprintf(c.path, sizeof(c.path), "%s", path);
	snprintf(c.pod, sizeof(c.pod), "%s", pod);
	snprintf(c.container, sizeof(c.container), "%s", container);
	return label_cgroup(&c, 32, text);
}

static int a_path_that_does_not_fit_is_named_by_pod_and_container(void)
{
	CHECK(!strcmp(label("/" POD, UID, ""), "pod 6f0c4a1e"));
	CHECK(!strcmp(label("/" POD "/cri-containerd-" ID ".scope", UID, ID),
		      "pod 6f0c4a1e 1b3f5e7a9c0d"));
	CHECK(!strcmp(label("/" POD "/cri-containerd-" ID ".scope/init.scope", UID, ID),
		      "pod 6f0c4a1e 1b3f5e7a9c0d/init.scope"));
	CHECK(!strcmp(label("/system.slice/docker-" ID ".scope", "", ID),
		      "container 1b3f5e7a9c0d"));
	CHECK(!strcmp(label("/lxc.payload.database-of-the-second-team/a.slice", "",
			    "database-of-the-second-team"),
		      "container database-of-the-second-team/a.slice"));
	return 0;
}

static int what_fits_or_has_no_pod_is_named_by_its_path(void)
{
	CHECK(!strcmp(label("/system.slice/cron.service", "", ""), "/system.slice/cron.service"));
	CHECK(!strcmp(label("/lxc/web", "", "web"), "/lxc/web"));
	CHECK(!strcmp(label("/user.slice/user-1000.slice/session-1.scope", "", ""),
		      "/user.slice/user-1000.slice/session-1.scope"));
	return 0;
}

TEST_MAIN({ "a path that does not fit is named by pod and container",
	    a_path_that_does_not_fit_is_named_by_pod_and_container },
	  { "what fits or has no pod is named by its path",
	    what_fits_or_has_no_pod_is_named_by_its_path }, )
