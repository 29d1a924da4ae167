/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/group_host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/fs.h"
#include "agent/wire/group.h"

#define BASE "/fairlead-jobs" /* goes with the last of ours */

/* In version 2, and in version 1 */
static const char *const names[_GROUP_CONTROLLER_MAX][2] = {
	[GROUP_MEMORY] = { "memory", "memory" }, [GROUP_CPU] = { "cpu", "cpu" },
	[GROUP_PIDS] = { "pids", "pids" },       [GROUP_IO] = { "io", "blkio" },
	[GROUP_TIME] = { NULL, "cpuacct" },
};

struct mounts {
	char v2[GROUP_PATH], v1[_GROUP_CONTROLLER_MAX][GROUP_PATH];
};

static bool has_word(const char *list, const char *word, const char *between)
{
	size_t length = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, between), at += strspn(at, between))
		if (strcspn(at, between) == length && !memcmp(at, word, length))
			return true;
	return false;
}

static void read_mount(struct mounts *m, const char *line)
{
	char place[256], type[32], options[256];
	const char *tail = strstr(line, " - ");

	if (!tail || sscanf(line, "%*s %*s %*s %*s %255s", place) != 1 ||
	    sscanf(tail, " - %31s %*s %255s", type, options) != 2 ||
	    strlen(place) + sizeof(BASE) >= sizeof(m->v2))
		return;
	if (!strcmp(type, "cgroup2") && !m->v2[0])
		strcpy(m->v2, place);
	for (int c = 0; c < _GROUP_CONTROLLER_MAX && !strcmp(type, "cgroup"); c++)
		if (has_word(options, names[c][1], ","))
			strcpy(m->v1[c], place);
}

static int read_mounts(struct mounts *ret)
{
	CLEANUP(fclosep) FILE *mounts = fopen("/proc/self/mountinfo", "re");
	CLEANUP(freep) char *line = NULL;
	size_t size = 0;

	*ret = (struct mounts){ 0 };
	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0)
		read_mount(ret, line);
	return 0;
}

static bool may_write(const char *folder, const char *file)
{
	char path[2 * GROUP_PATH + 32];

	snprintf(path, sizeof(path), "%s%s", folder, file);
	return access(path, W_OK) == 0;
}

/* The roots of hierarchies are root's, but not to be written to by root without a capability. */
static bool has_all(const char *mount)
{
	return !geteuid() && (may_write(mount, "") || may_write(mount, BASE));
}

/* What of version 2 is ours: all of it, or what was delegated.  ret is the mount to begin with. */
static void find_own_part(char ret[GROUP_PATH])
{
	char text[4096], own[2 * GROUP_PATH];
	char *at, *slash;

	if (has_all(ret) || fs_read("/proc/self/cgroup", text, sizeof(text)) < 0)
		return;
	at = strncmp(text, "0::/", 4) ? strstr(text, "\n0::/") : text;
	if (!at)
		return;
	at = strchr(at, '/');
	if (!at)
		return;
	at[strcspn(at, "\n")] = '\0';
	if (strstr(at, "..") || strlen(ret) + strlen(at) + sizeof(BASE) >= GROUP_PATH)
		return;
	snprintf(own, sizeof(own), "%s%.*s", ret, GROUP_PATH - 1, strcmp(at, "/") ? at : "");
	if (!may_write(own, "/cgroup.procs") || !may_write(own, ""))
		return;
	snprintf(ret, GROUP_PATH, "%.*s", GROUP_PATH - 1, own);
	slash = strrchr(own, '/');
	if (!slash || !strcmp(at, "/"))
		return;
	*slash = '\0';
	if (may_write(own, "/cgroup.procs") && may_write(own, ""))
		snprintf(ret, GROUP_PATH, "%.*s", GROUP_PATH - 1, own);
}

static int add_base(struct group_host *h, const char *place, int version)
{
	struct group_base *base = &h->bases[h->base_count];

	snprintf(base->path, sizeof(base->path), "%.*s" BASE,
		 (int)(sizeof(base->path) - sizeof(BASE)), place);
	base->version = version;
	for (size_t i = 0; i < h->base_count; i++)
		if (!strcmp(h->bases[i].path, base->path))
			return (int)i; /* two controllers of one mount */
	return (int)h->base_count++;
}

static void place_controllers(struct group_host *h, struct mounts *m)
{
	char path[GROUP_PATH + 32], have[256] = "";
	int v2 = -1;

	if (m->v2[0]) {
		find_own_part(m->v2);
		v2 = add_base(h, m->v2, 2);
		snprintf(path, sizeof(path), "%s/cgroup.controllers", m->v2);
		if (fs_read(path, have, sizeof(have)) < 0)
			*have = '\0';
	}
	for (int c = 0; c < _GROUP_CONTROLLER_MAX; c++) {
		bool in_v2 = v2 >= 0 && (!names[c][0] || has_word(have, names[c][0], " \n"));

		h->at[c] = in_v2 ? v2 : m->v1[c][0] ? add_base(h, m->v1[c], 1) : -1;
	}
}

/* When a process began, in ticks since boot: with its pid it is never another's. */
static int read_start(int pid, uint64_t *ret)
{
	char path[32], text[1024];
	const char *at;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	n = fs_read(path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, "%" SCNu64, ret) == 1 ? 0 : -EPROTO;
}

static int name_maker(struct group_host *h)
{
	struct stat space;
	uint64_t start;
	int r = read_start((int)getpid(), &start);

	if (!r && stat("/proc/self/ns/pid", &space))
		r = -errno;
	if (!r)
		snprintf(h->maker, sizeof(h->maker), "%d.%" PRIu64 ".%" PRIx64, (int)getpid(),
			 start, (uint64_t)space.st_ino);
	return r;
}

bool group_host_maker_is_gone(const struct group_host *h, const char *name)
{
	uint64_t start, now, space, ours;
	int pid, r;

	if (sscanf(name, "%d.%" SCNu64 ".%" SCNx64 ".", &pid, &start, &space) != 3 ||
	    sscanf(h->maker, "%*d.%*u.%" SCNx64, &ours) != 1 || space != ours)
		return false;
	r = read_start(pid, &now);
	return r == -ENOENT || r == -ESRCH || (!r && now != start);
}

int group_host_find(struct group_host *ret)
{
	struct group_host h = { 0 };
	struct mounts m;
	int r = read_mounts(&m);

	if (!r)
		r = name_maker(&h);
	if (r)
		return r;
	place_controllers(&h, &m);
	group_host_find_disks(&h);
	*ret = h;
	return 0;
}

void group_host_narrow(struct group_host *h, const struct group_limits *l)
{
	const uint64_t wanted[_GROUP_CONTROLLER_MAX] = {
		[GROUP_MEMORY] = l->memory_bytes,
		[GROUP_CPU] = l->cpu_thousandths,
		[GROUP_PIDS] = l->processes,
		[GROUP_IO] = l->read_bytes | l->written_bytes | l->reads | l->writes,
	};
	struct group_host kept = *h;

	kept.base_count = 0;
	for (size_t i = 0; i < h->base_count; i++) {
		bool needed = false;

		for (int c = 0; c < _GROUP_CONTROLLER_MAX; c++)
			if (h->at[c] == (int)i) {
				kept.at[c] = wanted[c] ? (int)kept.base_count : -1;
				needed |= wanted[c] != 0;
			}
		if (needed)
			kept.bases[kept.base_count++] = h->bases[i];
	}
	*h = kept;
}

static bool lies_on_others(const char *disk)
{
	char path[GROUP_PATH];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/block/%.100s/slaves", disk);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return found;
}

static bool is_memory_or_file(const char *disk)
{
	return !strncmp(disk, "loop", 4) || !strncmp(disk, "ram", 3) || !strncmp(disk, "zram", 4);
}

void group_host_find_disks(struct group_host *h)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;

	h->disk_count = 0;
	while (dir && h->disk_count < GROUP_DISKS && (entry = readdir(dir))) {
		struct group_disk *disk = &h->disks[h->disk_count];
		char path[GROUP_PATH], text[32];

		snprintf(path, sizeof(path), "/sys/block/%.100s/dev", entry->d_name);
		if (entry->d_name[0] != '.' && !is_memory_or_file(entry->d_name) &&
		    fs_read(path, text, sizeof(text)) > 0 &&
		    sscanf(text, "%" SCNu32 ":%" SCNu32, &disk->major, &disk->minor) == 2 &&
		    !lies_on_others(entry->d_name))
			h->disk_count++;
	}
	if (dir)
		closedir(dir);
}

/* Each may be on already, or be refused: what counts is whether a limit can be set. */
static void turn_on(const char *folder)
{
	char path[GROUP_PATH + 32], text[16];
	CLEANUP(closep) int fd = -1;

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", folder);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	for (int c = 0; c < _GROUP_CONTROLLER_MAX && fd >= 0; c++)
		if (names[c][0]) {
			snprintf(text, sizeof(text), "+%s", names[c][0]);
			(void)!write(fd, text, strlen(text));
		}
}

int group_host_make_base(const struct group_base *base)
{
	char above[GROUP_PATH];

	if (mkdir(base->path, 0755) && errno != EEXIST)
		return -errno;
	if (base->version == 2) {
		snprintf(above, sizeof(above), "%.*s", (int)(strlen(base->path) - strlen(BASE)),
			 base->path);
		turn_on(above);
		turn_on(base->path);
	}
	return 0;
}
