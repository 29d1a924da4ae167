/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/filter.h"
#include "agent/sandbox/group.h"
#include "agent/sandbox/mounts.h"
#include "agent/sandbox/steps.h"
#include "agent/sandbox/streams.h"
#include "agent/sandbox/stub.h"
#include "agent/sandbox/user.h"
#include "agent/sandbox/why.h"

/* Both ends of a pipe, closed with the function that has them. */
struct channel {
	int ends[2];
};

static void channel_close(struct channel *c)
{
	closep(&c->ends[0]);
	closep(&c->ends[1]);
}

static void build_close(struct build *b)
{
	closep(&b->root_tree);
	for (int i = 0; i < SANDBOX_VOLUMES; i++)
		closep(&b->volume_trees[i]);
	for (int i = 0; i < 3; i++)
		closep(&b->views[i]);
}

/*
 * Root opens what the job's user could not reach, a folder of root's own above it being shut.
 * Who is not root, or may not mount, has it opened inside: it is the same user there.
 */
static int clone_trees(struct build *b)
{
	const struct sandbox_spec *spec = b->spec;

	if (geteuid())
		return 0;
	streams_narrow(b);
	if (spec->root) {
		step_at(b, STEP_ROOT, spec->root);
		b->root_tree = mount_clone(spec->root, false);
		if (b->root_tree < 0 && b->root_tree != -EPERM)
			return b->root_tree;
	}
	for (size_t i = 0; i < spec->volume_count; i++) {
		step_at(b, STEP_VOLUME, spec->volumes[i].source);
		b->volume_trees[i] = mount_clone(spec->volumes[i].source, true);
		if (b->volume_trees[i] < 0 && b->volume_trees[i] != -EPERM)
			return b->volume_trees[i];
	}
	return 0;
}

/* The stub, in all its namespaces; only its parent comes back. */
static pid_t start_stub(struct stub *stub, int *pidfd)
{
	pid_t pid = user_clone(stub->build, pidfd, &stub->host);

	if (pid == 0)
		stub_run(stub);
	return pid;
}

static ssize_t read_report(int fd, struct sandbox_report *ret)
{
	ssize_t n;

	do
		n = read(fd, ret, sizeof(*ret));
	while (n < 0 && errno == EINTR);
	return n;
}

static void reap(const struct sandbox *s)
{
	siginfo_t unused;

	while (waitid(P_PIDFD, (id_t)s->pidfd, &unused, WEXITED | __WALL) && errno == EINTR)
		;
}

/* Its limits while it builds; then what became of it. */
static void accompany(const struct sandbox *s, int go, struct sandbox_report *report)
{
	int r = s->group ? group_add(s->group, s->pid) : 0;

	if (r)
		*report = (struct sandbox_report){ .error = r, .step = STEP_LIMITS };
	else if (go >= 0 && eventfd_write(go, 1))
		*report = (struct sandbox_report){ .error = -errno, .step = STEP_LIMITS };
	if (report->error || read_report(s->report, report) != sizeof(*report)) {
		if (!report->error) /* killed before it could say a word */
			*report = (struct sandbox_report){ .error = -EPIPE, .step = STEP_LIMITS };
		(void)sandbox_end(s);
	}
	if (report->error)
		reap(s);
}

static int start(struct sandbox *ret, struct build *b, struct sandbox_report *report)
{
	CLEANUP(channel_close) struct channel told = { { -1, -1 } };
	CLEANUP(closep) int go = -1;
	struct stub stub = { .build = b };
	struct sandbox s = { .pidfd = -1, .group = b->spec->group };

	step_at(b, STEP_STREAMS, NULL);
	if (pipe2(told.ends, O_CLOEXEC))
		return -errno;
	if (s.group) {
		go = eventfd(0, EFD_CLOEXEC);
		if (go < 0)
			return -errno;
	}
	stub.report = told.ends[1];
	stub.go = go;
	stub.parent_end = told.ends[0];
	s.pid = start_stub(&stub, &s.pidfd);
	if (s.pid < 0)
		return s.pid;
	close(TAKE_FD(told.ends[1]));
	s.report = told.ends[0];
	accompany(&s, go, report);
	if (report->error) {
		close(s.pidfd);
		return report->error;
	}
	told.ends[0] = -1;
	*ret = s;
	return 0;
}

int sandbox_start(struct sandbox *ret, const struct sandbox_spec *spec, struct sandbox_why *why)
{
	CLEANUP(build_close) struct build b = { .spec = spec, .root_tree = -1 };
	struct sandbox_report report = { 0 };
	int r;

	memset(b.volume_trees, -1, sizeof(b.volume_trees));
	memset(b.views, -1, sizeof(b.views));
	step_at(&b, STEP_STREAMS, NULL);
	r = spec->volume_count > SANDBOX_VOLUMES ? -E2BIG : streams_check(spec);
	if (!r)
		r = clone_trees(&b);
	if (!r) {
		step_at(&b, STEP_FILTER, NULL);
		b.filter = filter_of(spec->profile);
		r = b.filter ? start(ret, &b, &report) : -errno;
	}
	if (r && !report.error) { /* it was us who failed, not the stub */
		report = (struct sandbox_report){ .error = r, .step = (int32_t)b.step };
		if (b.what)
			strncpy(report.what, b.what, sizeof(report.what) - 1);
	}
	if (r)
		why_say(why, &report);
	return r;
}

int sandbox_signal(const struct sandbox *s, int signal)
{
	return syscall(SYS_pidfd_send_signal, s->pidfd, signal, NULL, 0) ? -errno : 0;
}

int sandbox_end(const struct sandbox *s)
{
	/* Process 1 takes its namespace along; the group, where it can, is for what is in a hurry. */
	int r = sandbox_signal(s, SIGKILL);

	return s->group && group_kill(s->group) == 0 ? 0 : r;
}

int sandbox_wait(struct sandbox *s, struct sandbox_result *ret)
{
	struct sandbox_report report;
	struct sandbox_result result = { .status = SIGKILL };

	reap(s); /* it ends when all inside has */
	if (read_report(s->report, &report) == sizeof(report)) {
		result.told = true;
		result.status = report.status;
		result.user_ns = report.user_ns;
		result.system_ns = report.system_ns;
		result.peak_bytes = report.peak_bytes;
	}
	close(s->report);
	close(s->pidfd);
	*s = (struct sandbox){ .pidfd = -1, .report = -1 };
	*ret = result;
	return 0;
}
