/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/warden/groups.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/fs.h"
#include "agent/sandbox/group.h"
#include "agent/sandbox/group_host.h"
#include "agent/wire/group.h"

struct groups {
	struct group_host host;
	uid_t job_user;
	struct sandbox_group *all[GROUP_MOST]; /* by id - 1 */
	bool doomed[GROUP_MOST];               /* freed, but something in it does not end */
	size_t doomed_count;
	size_t lowest; /* no place below is free */
};

int groups_new(struct groups **ret, uid_t job_user)
{
	struct groups *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	g->job_user = job_user;
	r = group_host_find(&g->host);
	if (r)
		free(g);
	else
		*ret = g;
	return r;
}

static int discard(struct groups *g, size_t at)
{
	int r = group_remove(g->all[at]);

	g->doomed_count = g->doomed_count - g->doomed[at] + (r != 0);
	g->doomed[at] = r != 0;
	if (r)
		return r;
	free(g->all[at]);
	g->all[at] = NULL;
	if (at < g->lowest)
		g->lowest = at;
	return 0;
}

struct groups *groups_free(struct groups *g)
{
	if (!g)
		return NULL;
	for (size_t i = 0; i < GROUP_MOST; i++)
		if (g->all[i])
			(void)group_kill(g->all[i]); /* all at once, then wait for each */
	for (size_t i = 0; i < GROUP_MOST; i++)
		if (g->all[i] && discard(g, i)) /* what does not end is for a later sweep */
			free(g->all[i]);
	free(g);
	return NULL;
}

static size_t find_free(const struct groups *g)
{
	size_t at = g->lowest;

	while (at < GROUP_MOST && g->all[at])
		at++;
	return at;
}

/* One of those that would not end, at each new one: they may be through by now. */
static void retry_doomed(struct groups *g)
{
	for (size_t i = 0; g->doomed_count && i < GROUP_MOST; i++)
		if (g->doomed[i]) {
			(void)discard(g, i);
			return;
		}
}

static int make(struct groups *g, const struct group_limits *limits, uint32_t *ret_id)
{
	struct sandbox_group *made;
	int r = group_check_limits(limits);
	size_t at;

	if (r)
		return r;
	retry_doomed(g);
	at = find_free(g);
	g->lowest = at;
	if (at == GROUP_MOST)
		return -ENOSPC;
	made = malloc(sizeof(*made));
	if (!made)
		return -ENOMEM;
	r = group_make(made, &g->host, limits);
	if (r) {
		free(made);
		return r;
	}
	g->all[at] = made;
	g->lowest = at + 1;
	*ret_id = (uint32_t)at + 1;
	return 0;
}

/* Of what is no pidfd there is no such line, or it is of a process that has been reaped: -1. */
static int pid_of(int pidfd)
{
	char path[48], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (fs_read(path, text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "\nPid:");
	return at ? atoi(at + strlen("\nPid:")) : -1;
}

/*
 * No signal is sent.  Of what is no pidfd the kernel says EBADF; EPERM is of another's process,
 * which all of them are.
 */
static int check_pidfd(int pidfd)
{
	if (!syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) || errno == EPERM)
		return 0;
	return errno == EBADF || errno == ESRCH ? -errno : -EPERM;
}

/* Its user in each of four ways, and another pid in a namespace below ours. */
static int check_process(const struct groups *g, int pid)
{
	char path[48], text[4096], *line;
	unsigned int uids[4];
	int outer, inner;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (fs_read(path, text, sizeof(text)) < 0)
		return -ESRCH;
	line = strstr(text, "\nUid:");
	if (!line ||
	    sscanf(line, "\nUid: %u %u %u %u", &uids[0], &uids[1], &uids[2], &uids[3]) != 4)
		return -EPERM;
	for (int i = 0; i < 4; i++)
		if (uids[i] != g->job_user)
			return -EPERM;
	line = strstr(text, "\nNSpid:");
	return line && sscanf(line, "\nNSpid: %d %d", &outer, &inner) == 2 ? 0 : -EPERM;
}

/*
 * Where the cpuset controller is on, kernels of 6.1's age ask for CAP_SYS_NICE in the namespace of
 * a process that has capabilities there.  Its user, who owns the namespace, has that.  Files are
 * opened as root all the same.
 */
static int put_as_owner(const struct groups *g, const struct sandbox_group *group, int pid)
{
	int r;

	if (syscall(SYS_setresuid, -1, g->job_user, -1))
		return -EPERM;
	setfsuid(0);
	r = group_put(group, pid);
	if (syscall(SYS_setresuid, -1, 0, -1))
		abort(); /* a warden that is half another is none */
	return r;
}

/*
 * A pid stays its process's until that is reaped, which the pidfd would tell; asked once more
 * behind the move, as the pid would have to be another's by then, all pids having been used up
 * in between, for a wrong one to be moved.
 */
static int put(const struct groups *g, const struct sandbox_group *group, int pidfd)
{
	int r = check_pidfd(pidfd), pid = r ? -1 : pid_of(pidfd);

	if (!r)
		r = pid > 0 ? check_process(g, pid) : -ESRCH;
	if (!r)
		r = check_pidfd(pidfd);
	if (!r)
		r = group_put(group, pid);
	if (r == -EPERM && pid > 0 && !check_process(g, pid))
		r = put_as_owner(g, group, pid);
	return r ? r : check_pidfd(pidfd);
}

static int limit(struct sandbox_group *group, const struct group_limits *limits)
{
	int r = group_check_limits(limits);

	return r ? r : group_limit(group, limits);
}

static int answer(struct groups *g, const struct group_request *ask, int pidfd,
		  struct group_reply *reply)
{
	size_t at = (size_t)ask->id - 1; /* 0 becomes far too much */

	if (ask->wish == GROUP_NEW)
		return make(g, &ask->limits, &reply->id);
	if (at >= GROUP_MOST || !g->all[at] || g->doomed[at])
		return -ENOENT;
	switch (ask->wish) {
	case GROUP_PUT:
		return put(g, g->all[at], pidfd);
	case GROUP_LIMIT:
		return limit(g->all[at], &ask->limits);
	case GROUP_USE:
		return group_use(g->all[at], &reply->usage);
	case GROUP_RESET:
		return group_reset(g->all[at]);
	default:
		return discard(g, at);
	}
}

int groups_serve(struct groups *g, int socket)
{
	CLEANUP(closep) int pidfd = -1;
	struct group_request ask;
	struct group_reply reply;
	int r = group_receive_request(socket, &ask, &pidfd);

	if (r)
		return r;
	reply = (struct group_reply){ .magic = GROUP_MAGIC,
				      .version = GROUP_WIRE_VERSION,
				      .wish = ask.wish,
				      .serial = ask.serial,
				      .id = ask.id };
	reply.error = answer(g, &ask, pidfd, &reply);
	r = group_send_reply(socket, &reply);
	return r == -EAGAIN ? -EPROTO : r;
}

int groups_sweep(void)
{
	struct group_host host;
	int r = group_host_find(&host);

	return r ? r : group_sweep(&host);
}

struct groups_ground {
	struct group_host host;
	struct sandbox_group group; /* nothing is ever in it */
};

int groups_ground_new(struct groups_ground **ret)
{
	const struct group_limits none = { 0 };
	struct groups_ground *g = calloc(1, sizeof(*g));
	int r = g ? group_host_find(&g->host) : -ENOMEM;

	if (!r) {
		(void)group_sweep(&g->host);
		r = group_make(&g->group, &g->host, &none);
	}
	if (r)
		free(g);
	else
		*ret = g;
	return r;
}

struct groups_ground *groups_ground_free(struct groups_ground *g)
{
	if (g)
		(void)group_remove(&g->group);
	free(g);
	return NULL;
}
