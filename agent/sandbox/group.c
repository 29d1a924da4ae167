/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/base/cleanup.h"
#include "agent/base/fs.h"

#define BASE "fairlead-jobs" /* beside the groups of the system; goes with the last of ours */

enum { PERIOD_US = 100000, REMOVE_TRIES = 200 };

enum controller { MEMORY, CPU, PIDS, CONTROLLERS };
static const char *const names[CONTROLLERS] = { "memory", "cpu", "pids" };

struct hierarchies {
	char v2[GROUP_PATH - 64], v1[CONTROLLERS][GROUP_PATH - 64];
	bool in_v2[CONTROLLERS];
};

static bool has_word(const char *list, const char *word, const char *between)
{
	size_t length = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, between), at += strspn(at, between))
		if (strcspn(at, between) == length && !memcmp(at, word, length))
			return true;
	return false;
}

static void read_mount(struct hierarchies *h, char *line)
{
	char place[256], type[32], options[256];
	const char *tail = strstr(line, " - ");

	if (!tail || sscanf(line, "%*s %*s %*s %*s %255s", place) != 1 ||
	    sscanf(tail, " - %31s %*s %255s", type, options) != 2 || strlen(place) >= sizeof(h->v2))
		return;
	if (!strcmp(type, "cgroup2") && !h->v2[0])
		strcpy(h->v2, place);
	for (int c = 0; c < CONTROLLERS && !strcmp(type, "cgroup"); c++)
		if (has_word(options, names[c], ","))
			strcpy(h->v1[c], place);
}

static int find_hierarchies(struct hierarchies *ret)
{
	CLEANUP(fclosep) FILE *mounts = fopen("/proc/self/mountinfo", "re");
	CLEANUP(freep) char *line = NULL;
	char path[GROUP_PATH], have[256];
	size_t size = 0;

	*ret = (struct hierarchies){ 0 };
	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0)
		read_mount(ret, line);
	snprintf(path, sizeof(path), "%s/cgroup.controllers", ret->v2);
	if (!ret->v2[0] || fs_read(path, have, sizeof(have)) < 0)
		return 0;
	for (int c = 0; c < CONTROLLERS; c++)
		ret->in_v2[c] = has_word(have, names[c], " \n");
	return 0;
}

static int write_text(const char *folder, const char *file, const char *text)
{
	char path[GROUP_PATH + 64];
	CLEANUP(closep) int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int write_number(const char *folder, const char *file, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return write_text(folder, file, text);
}

/* Base and group at a mount; someone who ends may take the base away between the two. */
static int make_place(struct sandbox_group *g, const char *mount, int version)
{
	char *path = g->places[g->count].path, *base = g->places[g->count].base;
	static unsigned int made;
	int r = -ENOENT;

	for (size_t i = 0; i < g->count; i++)
		if (!strncmp(g->places[i].base, mount, strlen(mount)) &&
		    g->places[i].base[strlen(mount)] == '/' && g->places[i].version == version)
			return (int)i;
	snprintf(base, GROUP_PATH, "%s/" BASE, mount);
	snprintf(path, GROUP_PATH, "%s/" BASE "/%d.%u", mount, (int)getpid(), ++made);
	g->places[g->count].version = version;
	for (int i = 0; i < 10 && r == -ENOENT; i++) {
		if (mkdir(base, 0755) && errno != EEXIST)
			return -errno;
		if (version == 2) {
			/* Each may be there already, or be refused: what counts is the limit. */
			for (int c = 0; c < CONTROLLERS; c++) {
				char on[16];

				snprintf(on, sizeof(on), "+%s", names[c]);
				(void)write_text(mount, "cgroup.subtree_control", on);
				(void)write_text(base, "cgroup.subtree_control", on);
			}
		}
		r = mkdir(path, 0755) ? -errno : 0;
	}
	if (r) {
		(void)rmdir(base);
		return r;
	}
	return (int)g->count++;
}

static int limit_memory(const char *path, int version, const struct group_limits *l)
{
	int r;

	if (version == 2) {
		r = write_number(path, "memory.max", l->memory_bytes);
		(void)write_number(path, "memory.swap.max", l->swap_bytes); /* no swap, no file */
		(void)write_text(path, "memory.oom.group", "1");
		return r;
	}
	r = write_number(path, "memory.limit_in_bytes", l->memory_bytes);
	(void)write_number(path, "memory.memsw.limit_in_bytes", l->memory_bytes + l->swap_bytes);
	return r;
}

static int limit_cpu(const char *path, int version, const struct group_limits *l)
{
	uint64_t quota = l->cpu_thousandths * PERIOD_US / 1000;
	char text[48];

	if (version == 1)
		return write_number(path, "cpu.cfs_quota_us", quota);
	snprintf(text, sizeof(text), "%" PRIu64 " %d", quota, PERIOD_US);
	return write_text(path, "cpu.max", text);
}

static int limit_one(struct sandbox_group *g, const struct hierarchies *h, enum controller c,
		     const struct group_limits *l)
{
	const char *mount = h->in_v2[c] ? h->v2 : h->v1[c];
	int at;

	if (!*mount)
		return -ENOENT;
	at = make_place(g, mount, h->in_v2[c] ? 2 : 1);
	if (at < 0)
		return at;
	switch (c) {
	case MEMORY:
		return limit_memory(g->places[at].path, g->places[at].version, l);
	case CPU:
		return limit_cpu(g->places[at].path, g->places[at].version, l);
	default:
		return write_number(g->places[at].path, "pids.max", l->processes);
	}
}

int group_make(struct sandbox_group *ret, const struct group_limits *limits)
{
	struct sandbox_group g = { .folder = -1 };
	const uint64_t wanted[CONTROLLERS] = { limits->memory_bytes, limits->cpu_thousandths,
					       limits->processes };
	struct hierarchies h;
	int r = find_hierarchies(&h);

	for (int c = 0; c < CONTROLLERS && !r; c++)
		r = wanted[c] ? limit_one(&g, &h, c, limits) : 0;
	for (size_t i = 0; i < g.count && !r; i++)
		if (g.places[i].version == 2) {
			g.folder = open(g.places[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
			r = g.folder < 0 ? -errno : 0;
		}
	if (r)
		(void)group_remove(&g);
	else
		*ret = g;
	return r;
}

int group_add(const struct sandbox_group *g, pid_t pid)
{
	int r = 0;

	for (size_t i = 0; i < g->count && !r; i++)
		if (g->places[i].version == 1)
			r = write_number(g->places[i].path, "cgroup.procs", (uint64_t)pid);
	return r;
}

int group_kill(const struct sandbox_group *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->places[i].version == 2)
			return write_text(g->places[i].path, "cgroup.kill", "1");
	return -EOPNOTSUPP;
}

uint64_t group_memory_kills(const struct sandbox_group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		char path[GROUP_PATH + 32], text[512];
		const char *at;

		snprintf(path, sizeof(path), "%s/%s", g->places[i].path,
			 g->places[i].version == 2 ? "memory.events" : "memory.oom_control");
		at = fs_read(path, text, sizeof(text)) > 0 ? strstr(text, "oom_kill ") : NULL;
		if (at)
			return strtoull(at + strlen("oom_kill "), NULL, 10);
	}
	return 0;
}

static void rmdir_in(const char *base, const char *name)
{
	char path[GROUP_PATH + 256];

	snprintf(path, sizeof(path), "%s/%s", base, name);
	(void)rmdir(path);
}

/* Groups are named by who made them: of who is gone they go. */
static void sweep(const char *base)
{
	DIR *dir = opendir(base);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int maker = atoi(entry->d_name);

		if (maker > 0 && kill(maker, 0) && errno == ESRCH)
			rmdir_in(base, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

int group_remove(struct sandbox_group *g)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int r = 0;

	for (size_t i = 0; i < g->count; i++) {
		int tries = 0;

		/* What was killed counts as in it until its last thread is through. */
		while (rmdir(g->places[i].path) && errno == EBUSY && ++tries < REMOVE_TRIES)
			nanosleep(&moment, NULL);
		if (tries == REMOVE_TRIES)
			r = -EBUSY;
		if (rmdir(g->places[i].base) && errno != ENOENT) {
			sweep(g->places[i].base);
			(void)rmdir(g->places[i].base);
		}
	}
	closep(&g->folder);
	g->folder = -1;
	g->count = 0;
	return r;
}
