/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/usage.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/cli/bench/caller.h"

#define DEEPEST 32 /* processes below one another: a job may have some */

const char *const usage_names[] = { "agent", "warden", "nurseries", "sandboxes" };
_Static_assert(sizeof(usage_names) / sizeof(usage_names[0]) == _USAGE_WHO_MAX, "a name each");

pid_t usage_find_agent(const char *socket)
{
	CLEANUP(caller_done) struct caller c = CALLER_NONE;
	struct ucred who;
	socklen_t size = sizeof(who);
	int r = caller_connect(&c, socket);

	if (r)
		return r;
	if (getsockopt(c.fd, SOL_SOCKET, SO_PEERCRED, &who, &size))
		return -errno;
	return who.pid > 0 ? who.pid : -ESRCH; /* 0: of another namespace */
}

static uint64_t ticks_to_ns(uint64_t ticks)
{
	return ticks * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The name in front may have anything in it, but its bracket is the last one. */
static bool read_cpu(struct usage *u, struct usage_part *part, pid_t pid)
{
	uint64_t own_user, own_system, user, system;
	char path[64], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fs_read(path, text, sizeof(text)) <= 0)
		return false;
	at = strrchr(text, ')');
	if (!at || sscanf(at,
			  ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			  " %" SCNu64 " %" SCNu64,
			  &own_user, &own_system, &user, &system) != 4)
		return false;
	part->cpu_ns += ticks_to_ns(own_user + own_system);
	u->cpu_ns += ticks_to_ns(own_user + own_system + user + system);
	return true;
}

static void read_memory(struct usage *u, struct usage_part *part, pid_t pid, bool pss)
{
	char path[64], text[2048];
	uint64_t pages, kb;
	const char *line;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	if (fs_read(path, text, sizeof(text)) > 0 && sscanf(text, "%*u %" SCNu64, &pages) == 1)
		part->rss_bytes += pages * (uint64_t)sysconf(_SC_PAGESIZE);
	if (!pss)
		return;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	n = fs_read(path, text, sizeof(text));
	if (n <= 0) {
		u->pss_known &= !n || n == -ESRCH || n == -ENOENT; /* it ended meanwhile */
		return;
	}
	line = strstr(text, "\nPss:");
	if (line && sscanf(line, "\nPss: %" SCNu64, &kb) == 1)
		part->pss_bytes += kb << 10;
}

static void walk(struct usage *u, pid_t pid, unsigned int depth, unsigned int flags);

static void walk_children(struct usage *u, const char *path, unsigned int depth, unsigned int flags)
{
	CLEANUP(fclosep) FILE *file = fopen(path, "re");
	int child;

	while (file && fscanf(file, "%d", &child) == 1)
		walk(u, child, depth + 1, flags);
}

/* Each thread has its own list. */
static void walk_threads(struct usage *u, pid_t pid, unsigned int depth, unsigned int flags)
{
	const struct dirent *entry;
	char path[320];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	while (threads && (entry = readdir(threads)))
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof(path), "/proc/%d/task/%s/children", pid,
				 entry->d_name);
			walk_children(u, path, depth, flags);
		}
	if (threads)
		closedir(threads);
}

static void walk(struct usage *u, pid_t pid, unsigned int depth, unsigned int flags)
{
	unsigned int who = depth < USAGE_SANDBOXES ? depth : USAGE_SANDBOXES;
	struct usage_part *part = &u->parts[who];

	if (!read_cpu(u, part, pid))
		return;
	part->processes++;
	read_memory(u, part, pid, flags & USAGE_PSS);
	if (depth < DEEPEST && (depth + 1 < USAGE_SANDBOXES || flags & USAGE_ALL))
		walk_threads(u, pid, depth, flags);
}

static uint64_t read_node(void)
{
	uint64_t user, nice, system, irq, softirq;
	char text[4096];

	if (fs_read("/proc/stat", text, sizeof(text)) <= 0 ||
	    sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64,
		   &user, &nice, &system, &irq, &softirq) != 5)
		return 0;
	return ticks_to_ns(user + nice + system + irq + softirq);
}

int usage_read(struct usage *ret, pid_t agent, unsigned int flags)
{
	*ret = (struct usage){ .pss_known = flags & USAGE_PSS };
	if (agent > 0)
		walk(ret, agent, 0, flags);
	ret->node_ns = read_node();
	return ret->parts[USAGE_AGENT].processes ? 0 : -ESRCH;
}

void usage_keep_peak(struct usage_peak *peak, const struct usage *now)
{
	uint64_t rss = 0, pss = 0;

	for (int i = 0; i < USAGE_SANDBOXES; i++) {
		const struct usage_part *part = &now->parts[i];
		struct usage_part *most = &peak->parts.parts[i];

		rss += part->rss_bytes;
		pss += part->pss_bytes;
		if (part->rss_bytes > most->rss_bytes)
			most->rss_bytes = part->rss_bytes;
		if (part->pss_bytes > most->pss_bytes)
			most->pss_bytes = part->pss_bytes;
	}
	peak->rss_bytes = rss > peak->rss_bytes ? rss : peak->rss_bytes;
	peak->pss_bytes = pss > peak->pss_bytes ? pss : peak->pss_bytes;
	peak->parts.pss_known |= now->pss_known;
}
