/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/group_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/sandbox/group.h"

#define END_NS (200 * NS_PER_MSEC)

enum { FILE_PATH = GROUP_PLACE + 64 };

bool group_place(const struct sandbox_group *g, size_t base, struct group_place *ret)
{
	if (base >= g->host->base_count || !(g->made & 1u << base))
		return false;
	snprintf(ret->path, sizeof(ret->path), "%s/%s", g->host->bases[base].path, g->name);
	ret->version = g->host->bases[base].version;
	return true;
}

bool group_place_of(const struct sandbox_group *g, enum group_controller c, struct group_place *ret)
{
	return g->host->at[c] >= 0 && group_place(g, (size_t)g->host->at[c], ret);
}

int group_write(const char *folder, const char *file, const char *text)
{
	char path[FILE_PATH];
	CLEANUP(closep) int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int group_write_number(const char *folder, const char *file, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return group_write(folder, file, text);
}

ssize_t group_read(const char *folder, const char *file, char *text, size_t size)
{
	char path[FILE_PATH];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return fs_read(path, text, size);
}

uint64_t group_read_number(const char *folder, const char *file)
{
	char text[32];

	return group_read(folder, file, text, sizeof(text)) > 0 ? strtoull(text, NULL, 10) : 0;
}

bool group_place_is_empty(const struct group_place *place)
{
	char text[128];

	if (place->version == 2)
		return group_read(place->path, "cgroup.events", text, sizeof(text)) < 0 ||
		       !strstr(text, "populated 1");
	return group_read(place->path, "cgroup.procs", text, sizeof(text)) <= 0;
}

static void kill_listed(const struct group_place *place)
{
	CLEANUP(fclosep) FILE *list = NULL;
	char path[FILE_PATH];
	int pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", place->path);
	list = fopen(path, "re");
	while (list && fscanf(list, "%d", &pid) == 1)
		if (pid > 0) /* 0: of another pid namespace */
			(void)kill(pid, SIGKILL);
}

bool group_place_kill(const struct group_place *place)
{
	if (place->version == 2 && !group_write(place->path, "cgroup.kill", "1"))
		return true;
	kill_listed(place);
	return false;
}

int group_place_end(const struct group_place *place)
{
	struct timespec pause = { .tv_nsec = 50000 };
	uint64_t end = clock_mono_ns() + END_NS;
	bool killed = false;

	while (!group_place_is_empty(place)) {
		if (clock_mono_ns() > end)
			return -EBUSY;
		if (!killed)
			killed = group_place_kill(place);
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 1000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}
