/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/label.h"

#include <stdio.h>
#include <string.h>

#include "agent/base/printable.h"
#include "agent/snapshot/snapshot.h"

enum { POD_SHOWN = 8, CONTAINER_SHOWN = 12, CONTAINER_ID = 64 };

/* What of the path lies below the folder that is named by this. */
static const char *below(const char *path, const char *id, size_t length)
{
	char part[CONTAINER_ID + 1];
	const char *at;

	snprintf(part, sizeof(part), "%.*s", (int)length, id);
	at = strstr(path, part);
	return at ? strchrnul(at, '/') : "";
}

const char *label_cgroup(const struct cgroup_snapshot *c, size_t width, char ret[LABEL_MAX])
{
	bool id = strlen(c->container) == CONTAINER_ID; /* else it is a name that somebody gave */
	int shown = id ? CONTAINER_SHOWN : CONTAINER_ID;

	if (printable_columns(c->path) <= width || (!c->pod[0] && !c->container[0]))
		snprintf(ret, LABEL_MAX, "%s", c->path);
	else if (!c->container[0])
		snprintf(ret, LABEL_MAX, "pod %.*s%.400s", POD_SHOWN, c->pod,
			 below(c->path, c->pod, POD_SHOWN));
	else
		snprintf(ret, LABEL_MAX, "%s%.*s %.*s%.400s", c->pod[0] ? "pod " : "container",
			 POD_SHOWN, c->pod, shown, c->container,
			 below(c->path, c->container, CONTAINER_ID));
	return ret;
}
