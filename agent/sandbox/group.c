/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/group_files.h"
#include "agent/sandbox/group_room.h"

enum {
	REMOVE_TRIES = 100, /* of a millisecond */
	NAME_TRIES = 4096,
	/* What may stay charged to a group that is used again, such as a CPU's stock of pages. */
	LEFTOVER_BYTES = 1 << 20,
};

/* Someone who ends may take the base away between the two. */
static int make_place(const struct group_base *base, const char *name)
{
	char path[GROUP_PLACE];
	int r;

	snprintf(path, sizeof(path), "%s/%s", base->path, name);
	for (int i = 0; i < 10; i++) {
		if (!mkdir(path, 0755))
			return 0;
		if (errno != ENOENT)
			return -errno;
		r = group_host_make_base(base);
		if (r)
			return r;
	}
	return -ENOENT;
}

/* A name that nobody has, which the first place that can be made shows; what failed first. */
static int make_places(struct sandbox_group *g)
{
	static unsigned int made;
	int first = 0, r;

	for (size_t i = 0; i < g->host->base_count; i++) {
		int tries = 0;

		do {
			if (!g->made)
				snprintf(g->name, sizeof(g->name), "%s.%u", g->host->maker, ++made);
			r = make_place(&g->host->bases[i], g->name);
		} while (r == -EEXIST && !g->made && ++tries < NAME_TRIES);
		if (!r)
			g->made |= 1u << i;
		else if (!first)
			first = r;
	}
	return first;
}

/* What no limit asks for and each group wants. */
static void set_habits(const struct sandbox_group *g)
{
	struct group_place at;

	if (group_place_of(g, GROUP_MEMORY, &at) && at.version == 2)
		(void)group_write(at.path, "memory.oom.group", "1");
}

/* Why a limit cannot be set: rather that its group could not be made than that it is not there. */
static int build(struct sandbox_group *g, const struct group_limits *limits)
{
	int why = make_places(g), r;

	set_habits(g);
	r = group_set_limits(g, limits);
	if (!g->made || r == -ENOENT)
		r = why ? why : r;
	return r;
}

int group_make(struct sandbox_group *ret, struct group_host *host,
	       const struct group_limits *limits)
{
	struct sandbox_group g = { .host = host, .given = *limits, .folder = -1, .peak = -1 };
	int r = build(&g, limits);

	if (r)
		(void)group_remove(&g);
	else
		*ret = g;
	return r;
}

int group_open(struct sandbox_group *g)
{
	struct group_place at;

	if (g->folder >= 0 || !group_place(g, 0, &at) || at.version != 2)
		return 0;
	g->folder = open(at.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return g->folder < 0 ? -errno : 0;
}

static int put(const struct sandbox_group *g, pid_t pid, bool v1_only)
{
	struct group_place at;
	int r = 0;

	for (size_t i = 0; i < g->host->base_count && !r; i++)
		if (group_place(g, i, &at) && !(v1_only && at.version == 2))
			r = group_write_number(at.path, "cgroup.procs", (uint64_t)pid);
	return r;
}

int group_put(const struct sandbox_group *g, pid_t pid)
{
	return put(g, pid, false);
}

int group_add(const struct sandbox_group *g, pid_t pid)
{
	return put(g, pid, g->folder >= 0);
}

int group_limit(struct sandbox_group *g, const struct group_limits *limits)
{
	return group_set_limits(g, limits);
}

int group_kill(const struct sandbox_group *g)
{
	struct group_place at;

	if (!group_place(g, 0, &at) || at.version != 2)
		return -EOPNOTSUPP;
	return group_write(at.path, "cgroup.kill", "1");
}

static bool is_empty(const struct sandbox_group *g)
{
	struct group_place at;

	for (size_t i = 0; i < g->host->base_count; i++)
		if (group_place(g, i, &at) && !group_place_is_empty(&at))
			return false;
	return true;
}

/*
 * Who waits for a slow disk, or for the next period's CPU, dies no sooner than it had that; and
 * what is killed one by one must not fork meanwhile.
 */
static void hasten_end(struct sandbox_group *g)
{
	struct group_limits none = g->now;
	struct group_place at;

	none.cpu_thousandths = 0;
	none.read_bytes = none.written_bytes = none.reads = none.writes = 0;
	(void)group_set_limits(g, &none);
	if (group_kill(g) && group_place_of(g, GROUP_PIDS, &at)) {
		(void)group_write(at.path, "pids.max", "0");
		g->now.processes = UINT64_MAX; /* so that it is not what anybody wants */
	}
}

int group_end(struct sandbox_group *g)
{
	struct group_place at;
	int r = 0;

	if (is_empty(g))
		return 0;
	hasten_end(g);
	for (size_t i = 0; i < g->host->base_count; i++)
		if (group_place(g, i, &at) && group_place_end(&at))
			r = -EBUSY;
	return r;
}

/* What was killed counts as in it until its last thread is through. */
static int remove_place(const char *path)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int tries = 0;

	while (rmdir(path) && errno != ENOENT)
		if (errno != EBUSY || ++tries == REMOVE_TRIES)
			return -errno;
		else
			nanosleep(&moment, NULL);
	return 0;
}

static int remove_places(struct sandbox_group *g)
{
	struct group_place at;
	int r = 0;

	for (size_t i = g->host->base_count; i-- > 0 && !r;)
		if (group_place(g, i, &at)) {
			r = remove_place(at.path);
			if (!r)
				g->made &= ~(1u << i);
		}
	return r;
}

int group_remove(struct sandbox_group *g)
{
	int r = group_end(g);

	closep(&g->folder);
	closep(&g->peak);
	g->folder = g->peak = -1;
	if (!r)
		r = remove_places(g);
	for (size_t i = 0; i < g->host->base_count; i++)
		(void)rmdir(g->host->bases[i].path); /* goes with the last */
	return r;
}

/* Anew, under another name: what was charged to the old one goes its way without us. */
static int remake(struct sandbox_group *g)
{
	bool opened = g->folder >= 0;
	int r;

	closep(&g->folder);
	closep(&g->peak);
	g->folder = g->peak = -1;
	r = remove_places(g);
	if (r)
		return r;
	g->now = (struct group_limits){ 0 };
	g->before = (struct group_usage){ 0 };
	r = build(g, &g->given);
	return r || !opened ? r : group_open(g);
}

/* Since 6.12 who has the file open can have it count from now on, for this open file alone. */
static bool start_peak(struct sandbox_group *g, const struct group_place *at)
{
	char path[GROUP_PLACE + 16];

	if (g->peak < 0) {
		snprintf(path, sizeof(path), "%s/memory.peak", at->path);
		g->peak = open(path, O_RDWR | O_CLOEXEC);
	}
	return g->peak >= 0 && pwrite(g->peak, "0", 1, 0) == 1;
}

static bool forget_v1(const struct group_place *at)
{
	static const char *const files[] = {
		"memory.force_empty",      "memory.max_usage_in_bytes",
		"memory.failcnt",          "memory.memsw.max_usage_in_bytes",
		"memory.memsw.failcnt",    "memory.kmem.max_usage_in_bytes",
		"memory.kmem.failcnt",     "memory.kmem.tcp.max_usage_in_bytes",
		"memory.kmem.tcp.failcnt",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)group_write(at->path, files[i], "0"); /* not each kernel has them all */
	return group_read_number(at->path, "memory.usage_in_bytes") <= LEFTOVER_BYTES;
}

/* False: more is charged to it than may stay, or its peak cannot be had to begin anew. */
static bool forget_memory(struct sandbox_group *g)
{
	struct group_place at;

	if (!group_place_of(g, GROUP_MEMORY, &at))
		return true;
	if (at.version == 1)
		return group_read_number(at.path, "memory.usage_in_bytes") <= LEFTOVER_BYTES &&
		       forget_v1(&at);
	return group_read_number(at.path, "memory.current") <= LEFTOVER_BYTES && start_peak(g, &at);
}

int group_reset(struct sandbox_group *g)
{
	int r = group_end(g);

	if (r)
		return r;
	if (!forget_memory(g))
		return remake(g);
	r = group_set_limits(g, &g->given);
	g->before = group_used_ever(g);
	return r;
}

static bool sweep_one(struct group_host *host, const char *name)
{
	struct sandbox_group g = { .host = host, .folder = -1, .peak = -1 };

	snprintf(g.name, sizeof(g.name), "%s", name);
	for (size_t i = 0; i < host->base_count; i++)
		g.made |= 1u << i;
	return group_remove(&g) == 0;
}

/* What one base names goes from all of them. */
static int sweep_base(struct group_host *host, const char *base)
{
	DIR *dir = opendir(base);
	struct dirent *entry;
	int swept = 0;

	while (dir && (entry = readdir(dir)))
		if (strlen(entry->d_name) < GROUP_NAME &&
		    group_host_maker_is_gone(host, entry->d_name))
			swept += sweep_one(host, entry->d_name);
	if (dir)
		closedir(dir);
	return swept;
}

int group_sweep(struct group_host *host)
{
	int swept = 0;

	for (size_t i = 0; i < host->base_count; i++)
		swept += sweep_base(host, host->bases[i].path);
	return swept;
}
