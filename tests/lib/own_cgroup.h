/* SPDX-License-Identifier: Apache-2.0 */
/* A cgroup2 cgroup of a test's own, and what the agent says of it; whatever fails ends the test. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/cli/client.h"
#include "agent/probes/cgroup_names.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/json.h"

struct own_cgroup {
	char path[512];
	uint64_t id;
};

static inline void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(2);
}

static inline void own_cgroup_make(struct own_cgroup *ret)
{
	struct cgroup_names *names = NULL;
	struct stat st;

	if (cgroup_names_new(&names, "", NULL))
		die("no cgroup2");
	snprintf(ret->path, sizeof(ret->path), "%.400s/fairlead-%.30s-%d",
		 cgroup_names_mount(names), program_invocation_short_name, (int)getpid());
	cgroup_names_free(names);
	if (mkdir(ret->path, 0755) || stat(ret->path, &st))
		die(ret->path);
	ret->id = st.st_ino;
}

static inline void own_cgroup_join(const struct own_cgroup *c)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", c->path);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
}

/* Of a fresh sample: a window of one's own ends with one. */
static inline struct snapshot *fresh_snapshot(const char *socket)
{
	CLEANUP(answer_freep) struct answer answer = { 0 };
	struct snapshot *s = NULL;

	if (client_get(&answer, socket, "/v1/snapshot?for=1ms", 0) || answer.status != 200 ||
	    json_read_snapshot(answer.body, answer.length, &s))
		die("no snapshot");
	return s;
}

/* All zero when nothing was counted for it yet. */
static inline struct cgroup_snapshot own_cgroup_counts(const struct own_cgroup *c,
						       const char *socket)
{
	CLEANUP(snapshot_freep) struct snapshot *s = fresh_snapshot(socket);
	struct cgroup_snapshot found = { 0 };

	for (size_t i = 0; i < s->cgroup_count; i++)
		if (s->cgroups[i].id == c->id)
			found = s->cgroups[i];
	return found;
}
