/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/nursery.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/errands.h"
#include "agent/sandbox/filter.h"
#include "agent/sandbox/graft/graft.h"
#include "agent/sandbox/held.h"
#include "agent/sandbox/root.h"
#include "agent/sandbox/slots.h"
#include "agent/sandbox/spec.h"
#include "agent/sandbox/steps.h"
#include "agent/sandbox/stub.h"
#include "agent/sandbox/user.h"
#include "agent/sandbox/why.h"
#include "agent/sandbox/zygote.h"
#include "agent/wire/graft.h"
#include "agent/wire/message.h"
#include "agent/wire/nurse.h"
#include "agent/wire/slot.h"

#define NOBODYS UINT32_MAX /* the number of a slot that is to be gone and not told */

enum { AGENT = 3, TERMS = 4, GROUPS = 5, FIRST_FREE = 6 }; /* descriptors, put in order */

static const enum stub_mode modes[_NURSE_START_MAX] = {
	[NURSE_HELD] = STUB_HELD,
	[NURSE_PYTHON] = STUB_IDLE,
	[NURSE_NODE] = STUB_AHEAD,
	[NURSE_JAVA] = STUB_AHEAD,
};

struct nursery {
	struct build build;
	struct sandbox_spec spec;
	struct nurse_terms terms;
	struct sandbox_volume volumes[SANDBOX_VOLUMES];
	struct user_host host;
	struct slots slots;
	struct zygote zygote;   /* pid 0: has none */
	char *argv[16];         /* of an interpreter that is started ahead */
	int more[3];            /* its job's socket, and what it is made of (agent/wire/graft.h) */
	struct errands errands; /* at the warden, about groups */
	bool grouped;
	int children; /* a signalfd */
};

/* --- to the agent --- */

static int say(enum nurse_say kind, uint32_t slot, const struct sandbox_report *why, int fd)
{
	struct nurse_reply reply = {
		.magic = NURSE_MAGIC, .version = NURSE_VERSION, .kind = (uint16_t)kind, .slot = slot
	};
	struct sandbox_why text;

	if (why) {
		why_say(&text, why);
		reply.error = text.error;
		snprintf(reply.text, sizeof(reply.text), "%s", text.text);
	}
	return message_send(AGENT, &reply, sizeof(reply), &fd, fd >= 0, 0);
}

static int say_gone(uint32_t slot, const struct group_usage *used)
{
	const struct nurse_reply reply = { .magic = NURSE_MAGIC,
					   .version = NURSE_VERSION,
					   .kind = NURSE_GONE,
					   .slot = slot,
					   .usage = *used };

	return slot == NOBODYS ? 0 : message_send(AGENT, &reply, sizeof(reply), NULL, 0, 0);
}

static int say_ready(bool grouped)
{
	struct nurse_reply reply = { .magic = NURSE_MAGIC,
				     .version = NURSE_VERSION,
				     .kind = NURSE_READY,
				     .groups = grouped };

	return message_send(AGENT, &reply, sizeof(reply), NULL, 0, 0);
}

static struct sandbox_report report_of(const struct build *b, int error)
{
	struct sandbox_report report = { .error = error, .step = (int32_t)b->step };

	if (b->what)
		snprintf(report.what, sizeof(report.what), "%s", b->what);
	return report;
}

/* --- groups --- */

/* Its processes' own limits, where no group may be made. */
static void limit_processes(struct nursery *n)
{
	n->spec.data_bytes = n->terms.limits.memory_bytes;
	n->spec.processes = n->terms.limits.processes;
}

static void try_groups(struct nursery *n)
{
	n->grouped =
		fcntl(GROUPS, F_GETFD) >= 0 && errands_begin(&n->errands, GROUPS, &n->terms.limits);
	if (!n->grouped)
		limit_processes(n);
}

/* It was never made, as far as the agent knows, so its end is not told either. */
static void give_up(struct slot *slot)
{
	slot->number = NOBODYS;
	(void)kill(slot->stub, SIGKILL);
}

static void let_go(struct slot *slot)
{
	if (slot->go >= 0)
		(void)eventfd_write(slot->go, 1);
	closep(&slot->go);
	slot->go = -1;
}

/* The process is in its group: who asked for a sandbox gets it, if it still lives. */
static int hand_out(struct nursery *n, const struct errand_done *done)
{
	struct slot *slot = slots_by_number(&n->slots, done->what.slot);
	const struct sandbox_report report = { .error = done->error, .step = STEP_LIMITS };
	int r = 0;

	if (slot && slot->group == done->what.group && done->error) {
		give_up(slot);
		r = say(NURSE_NOT_MADE, done->what.slot, &report, -1);
	} else if (slot && slot->group == done->what.group) {
		let_go(slot);
		r = say(NURSE_MADE, done->what.slot, NULL, done->what.socket);
	}
	close(done->what.socket);
	return r;
}

static int say_limited(const struct errand_done *done)
{
	const struct sandbox_report report = { .error = done->error, .step = STEP_LIMITS };

	return say(NURSE_LIMITED, done->what.slot, done->error ? &report : NULL, -1);
}

static int hear_warden(struct nursery *n)
{
	struct errand_done done;
	int r = errands_hear(&n->errands, &done);

	if (r)
		return r;
	switch (done.what.wish) {
	case GROUP_PUT:
		return hand_out(n, &done);
	case GROUP_LIMIT:
		return say_limited(&done);
	case GROUP_USE:
		return say_gone(done.what.slot, &done.usage);
	case GROUP_NEW:
		return done.error;
	default:
		return 0;
	}
}

/* One is made where none is spare, which is waited for. */
static int take_group(struct nursery *n, uint32_t *ret)
{
	int r = 0;

	if (!n->grouped)
		return 0;
	*ret = errands_spare(&n->errands);
	if (!*ret)
		r = errands_new(&n->errands);
	while (!*ret && !r) {
		r = hear_warden(n);
		*ret = r ? 0 : errands_spare(&n->errands);
	}
	return r;
}

/* --- one sandbox --- */

/* What the stub has to say before it waits; it may have been killed before it did. */
static void hear(int from, struct sandbox_report *report)
{
	ssize_t n;

	do
		n = read(from, report, sizeof(*report));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*report))
		*report = (struct sandbox_report){ .error = -EPIPE, .step = STEP_LIMITS };
}

struct ends {
	int ours, theirs;
};

static void ends_close(struct ends *e)
{
	closep(&e->ours);
	closep(&e->theirs);
}

/* What the pipes and sockets of one that is being made are. */
struct making {
	struct ends told, job;
	int pidfd; /* of its stub */
	int go;    /* tells a stub that the job's process is in */
};

static void making_close(struct making *m)
{
	ends_close(&m->told);
	ends_close(&m->job);
	closep(&m->pidfd);
	closep(&m->go);
}

static int start_stub(struct nursery *n, struct making *m, pid_t *ret)
{
	struct stub stub = { .build = &n->build,
			     .mode = modes[n->terms.start],
			     .socket = m->job.theirs,
			     .report = m->told.theirs,
			     .go = m->go,
			     .parent_end = m->told.ours };

	if (stub.mode == STUB_AHEAD)
		n->more[0] = m->job.theirs; /* as SLOT_JOB_FD */
	*ret = user_clone(&n->build, &m->pidfd, &stub.host);
	if (*ret == 0)
		stub_run(&stub);
	return *ret < 0 ? *ret : 0;
}

static int make_ends(struct nursery *n, struct making *m)
{
	int both[2];

	if (pipe2(both, O_CLOEXEC))
		return -errno;
	m->told = (struct ends){ both[0], both[1] };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, both))
		return -errno;
	m->job = (struct ends){ both[0], both[1] };
	if (modes[n->terms.start] == STUB_AHEAD)
		return 0;
	m->go = eventfd(0, EFD_CLOEXEC);
	return m->go < 0 ? -errno : 0;
}

/* The fence that the stub has made, by its number there. */
static int take_fence(const struct making *m, int number)
{
	return number < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, m->pidfd, number, 0);
}

/* The zygote's child, in the sandbox that stands; its end is told by us, over the same socket. */
static int fork_job(struct nursery *n, struct making *m, struct slot *row, int fence_there)
{
	CLEANUP(closep) int fence = take_fence(m, fence_there);
	pid_t pid = zygote_fork(&n->zygote, &n->build, m->pidfd, m->job.theirs, fence);

	if (pid < 0)
		return pid;
	row->job = pid;
	row->job_end = TAKE_FD(m->job.theirs);
	return eventfd_write(m->go, 1) ? -errno : 0;
}

/* From here on the slot is known; with a group it is handed out once it is in that. */
static int limit(struct nursery *n, struct making *m, struct slot *row)
{
	CLEANUP(closep) int job = row->job ? (int)syscall(SYS_pidfd_open, row->job, 0) : -1;
	int r;

	step_at(&n->build, STEP_LIMITS, NULL);
	if (n->terms.start == NURSE_HELD)
		row->go = TAKE_FD(m->go);
	r = take_group(n, &row->group);
	if (!r && !slots_add(&n->slots, row))
		r = -ENOMEM;
	if (!r && !row->group)
		let_go(slots_by_number(&n->slots, row->number));
	if (r || !row->group)
		return r;
	r = errands_put(&n->errands, row->group, row->job ? job : m->pidfd, row->number,
			m->job.ours);
	if (!r)
		m->job.ours = -1;
	return r;
}

/* The stub stands, and the process that is the job's, or will start it, is in its group. */
static struct sandbox_report settle_stub(struct nursery *n, struct making *m, struct slot *row)
{
	struct sandbox_report report;
	int r = 0;

	hear(m->told.ours, &report);
	if (report.error)
		return report;
	if (n->terms.start == NURSE_PYTHON)
		r = fork_job(n, m, row, report.status);
	if (!r)
		r = limit(n, m, row);
	return report_of(&n->build, r);
}

static struct sandbox_report make(struct nursery *n, uint32_t number, int *socket)
{
	CLEANUP(making_close) struct making m = { { -1, -1 }, { -1, -1 }, -1, -1 };
	struct slot row = { .number = number, .go = -1, .job_end = -1 };
	struct sandbox_report report;
	int r;

	step_at(&n->build, STEP_STREAMS, NULL);
	r = make_ends(n, &m);
	if (!r)
		r = start_stub(n, &m, &row.stub);
	if (r)
		return report_of(&n->build, r);
	close(TAKE_FD(m.told.theirs));
	report = settle_stub(n, &m, &row);
	if (!report.error) {
		*socket = TAKE_FD(m.job.ours);
	} else if (slots_by_number(&n->slots, number)) {
		give_up(slots_by_number(&n->slots, number));
	} else {
		(void)kill(row.stub, SIGKILL); /* it is reaped as any that nobody knows */
		closep(&row.go);
		closep(&row.job_end);
	}
	return report;
}

static int answer_make(struct nursery *n, uint32_t number)
{
	CLEANUP(closep) int socket = -1;
	struct sandbox_report report = make(n, number, &socket);

	if (report.error)
		return say(NURSE_NOT_MADE, number, &report, -1);
	return socket < 0 ? 0 : say(NURSE_MADE, number, NULL, socket);
}

static int answer_limit(struct nursery *n, const struct nurse_request *ask, const struct slot *slot)
{
	const struct sandbox_report none = { .error = -EOPNOTSUPP, .step = STEP_LIMITS };

	return slot && slot->group
		       ? errands_limit(&n->errands, slot->group, &ask->limits, ask->slot)
		       : say(NURSE_LIMITED, ask->slot, &none, -1);
}

static int answer(struct nursery *n, const struct nurse_request *ask)
{
	struct slot *slot = slots_by_number(&n->slots, ask->slot);

	switch (ask->kind) {
	case NURSE_MAKE:
		return slot ? -EPROTO : answer_make(n, ask->slot);
	case NURSE_END:
		if (slot) /* process 1: the kernel ends all that is in it */
			(void)kill(slot->stub, SIGKILL);
		return 0;
	case NURSE_LIMIT:
		return answer_limit(n, ask, slot);
	default:
		if (slot)
			(void)kill(slot->job ? slot->job : slot->stub, (int)ask->signal);
		return 0;
	}
}

static int take_request(struct nursery *n)
{
	char bytes[sizeof(struct nurse_request)];
	struct nurse_request ask;
	int fds[MESSAGE_FDS], r;
	size_t count;
	ssize_t size = message_receive(AGENT, bytes, sizeof(bytes), fds, &count, 0);

	message_close_fds(fds, count);
	if (size <= 0)
		return size ? (int)size : -EPIPE;
	r = nurse_check_request(bytes, size, &ask);
	return r ? r : answer(n, &ask);
}

/* --- who has ended --- */

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

/* The process that a zygote forked: it is told as a stub would, which goes then. */
static void bury_job(struct slot *slot, int status, const struct rusage *used)
{
	const struct sandbox_report report = { .status = status,
					       .user_ns = ns_of(used->ru_utime),
					       .system_ns = ns_of(used->ru_stime),
					       .peak_bytes = (uint64_t)used->ru_maxrss << 10 };

	(void)held_tell(slot->job_end, SLOT_ENDED, &report);
	close(TAKE_FD(slot->job_end));
	slot->job = 0;
	(void)kill(slot->stub, SIGKILL);
}

static int bury_stub(struct nursery *n, struct slot *slot)
{
	const struct group_usage unknown = { 0 };
	struct slot row = *slot;

	slots_drop(&n->slots, slot);
	closep(&row.go);
	closep(&row.job_end);
	return row.group ? errands_give_back(&n->errands, row.group, row.number)
			 : say_gone(row.number, &unknown);
}

static int bury(struct nursery *n, pid_t pid, int status, const struct rusage *used)
{
	struct slot *slot = slots_by_job(&n->slots, pid);

	if (pid == n->zygote.pid)
		return -ECHILD; /* no more can be made */
	if (slot) {
		bury_job(slot, status, used);
		return 0;
	}
	slot = slots_by_stub(&n->slots, pid);
	return slot ? bury_stub(n, slot) : 0;
}

static int reap(struct nursery *n)
{
	struct signalfd_siginfo unused;
	struct rusage used;
	int status, r = 0;
	pid_t pid;

	(void)!read(n->children, &unused, sizeof(unused));
	while (!r && (pid = wait4(-1, &status, WNOHANG, &used)) > 0)
		r = bury(n, pid, status, &used);
	return r;
}

static void serve(struct nursery *n)
{
	struct pollfd on[] = { { .fd = n->children, .events = POLLIN },
			       { .fd = n->grouped ? GROUPS : -1, .events = POLLIN },
			       { .fd = AGENT, .events = POLLIN } };
	int r = 0;

	while (!r) {
		if (poll(on, 3, -1) < 0)
			r = errno == EINTR ? 0 : -errno;
		if (!r && on[0].revents)
			r = reap(n);
		if (!r && on[1].revents)
			r = hear_warden(n);
		if (!r && on[2].revents)
			r = take_request(n);
	}
}

/* --- its start --- */

static int read_terms(struct nursery *n)
{
	const struct nurse_terms *t = &n->terms;
	struct sandbox_spec *spec = &n->spec;

	step_at(&n->build, STEP_JOB, NULL);
	if (pread(TERMS, &n->terms, sizeof(n->terms), 0) != sizeof(n->terms))
		return -EPROTO;
	if (nurse_check_terms(t))
		return -EPROTO;
	*spec = (struct sandbox_spec){ .root = t->root[0] ? t->root : NULL,
				       .in = -1,
				       .out = -1,
				       .err = -1,
				       .uid = t->uid,
				       .gid = t->gid,
				       .tmp_bytes = t->tmp_bytes,
				       .tmp_inodes = t->tmp_inodes,
				       .open_files = t->open_files,
				       .volumes = n->volumes,
				       .volume_count = t->volume_count,
				       .net = (enum sandbox_net)t->net,
				       .profile = (enum sandbox_profile)t->profile };
	for (uint32_t i = 0; i < t->volume_count; i++)
		n->volumes[i] = (struct sandbox_volume){ .source = t->volumes[i].source,
							 .path = t->volumes[i].path,
							 .read_only = t->volumes[i].read_only };
	return 0;
}

static int settle(struct nursery *n)
{
	struct build *b = &n->build;
	sigset_t all;
	int r;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	signal(SIGCHLD, SIG_DFL); /* the warden, whose fork we are, wants to know of none */
	n->children = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	r = n->children < 0 ? -errno : user_become(b, &n->host);
	step_at(b, r ? b->step : STEP_PARENT, NULL);
	if (!r)
		r = user_bind_to_parent(AGENT);
	if (!r)
		r = root_frame(b);
	step_at(b, r ? b->step : STEP_FILTER, r ? b->what : NULL);
	if (!r) {
		b->filter = filter_of(n->spec.profile);
		r = b->filter ? 0 : -errno;
	}
	b->framed = true;
	return r;
}

/* Ours are at known places, stdin and stdout nowhere, and all else of the warden's is closed. */
static int put_in_order(const int given[FIRST_FREE - AGENT])
{
	int aside[FIRST_FREE - AGENT], nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nowhere < 0 || dup2(nowhere, 0) < 0 || dup2(nowhere, 1) < 0)
		return -errno;
	for (int i = 0; i < FIRST_FREE - AGENT; i++)
		aside[i] = given[i] < 0 ? -1 : fcntl(given[i], F_DUPFD, FIRST_FREE);
	for (int i = 0; i < FIRST_FREE - AGENT; i++) {
		if (aside[i] < 0)
			close(AGENT + i);
		else if (dup3(aside[i], AGENT + i, O_CLOEXEC) < 0)
			return -errno;
	}
	return close_range(FIRST_FREE, ~0u, 0) ? -errno : 0;
}

/* What is started ahead of each job, with what it is made of behind the job's socket. */
static int prepare_interpreter(struct nursery *n)
{
	static const char *const node[] = { "node", "--preserve-symlinks-main", "/proc/self/fd/5",
					    NULL };
	static const char *const java[] = { "java", GRAFT_JAVA_OPTIONS, "--source=11",
					    "/proc/self/fd/5", NULL };
	static char *env[] = { (char *)"PATH=/usr/local/bin:/usr/bin:/bin",
			       (char *)"LC_ALL=C.UTF-8", (char *)GRAFT_PRELOAD, NULL };
	static char memory[48];
	const char *const *words = n->terms.start == NURSE_NODE ? node : java;
	char **at = n->argv;

	*at++ = (char *)words[0];
	if (n->terms.start == NURSE_JAVA && n->terms.limits.memory_bytes) {
		/* It would take the machine's for its own. */
		snprintf(memory, sizeof(memory), "-XX:MaxRAM=%llu",
			 (unsigned long long)n->terms.limits.memory_bytes);
		*at++ = memory;
	}
	while (*++words)
		*at++ = (char *)*words;
	n->more[1] = graft_open(GRAFT_LIBRARY);
	n->more[2] = graft_open(n->terms.start == NURSE_NODE ? GRAFT_NODE : GRAFT_JAVA);
	n->spec.in = n->spec.out = n->spec.err = 0; /* nowhere */
	n->spec.argv = n->argv;
	n->spec.env = env;
	n->spec.more = n->more;
	n->spec.more_count = 3;
	return n->more[1] < 0 ? n->more[1] : n->more[2] < 0 ? n->more[2] : 0;
}

/* The zygote is as limited as a job; what it forks is moved on. */
static int start_zygote(struct nursery *n)
{
	CLEANUP(closep) int pidfd = -1;
	uint32_t group = 0;
	int r = zygote_start(&n->zygote, &n->build, n->terms.imports, &n->build.what);

	if (r)
		return r;
	pidfd = (int)syscall(SYS_pidfd_open, n->zygote.pid, 0);
	step_at(&n->build, STEP_LIMITS, NULL);
	r = take_group(n, &group);
	return !r && group ? group_ask_put(&n->errands.client, group, pidfd) : r;
}

static int start_ahead(struct nursery *n)
{
	switch (n->terms.start) {
	case NURSE_PYTHON:
		return start_zygote(n);
	case NURSE_NODE:
	case NURSE_JAVA:
		step_at(&n->build, STEP_ZYGOTE, NULL);
		return prepare_interpreter(n);
	default:
		return 0;
	}
}

static void run(struct nursery *n, const int given[FIRST_FREE - AGENT]) __attribute__((noreturn));
static void run(struct nursery *n, const int given[FIRST_FREE - AGENT])
{
	struct sandbox_report report;
	int r;

	prctl(PR_SET_NAME, "fairlead-nurse");
	r = put_in_order(given);
	if (!r)
		r = read_terms(n);
	if (!r)
		r = settle(n);
	if (!r)
		try_groups(n);
	if (!r)
		r = start_ahead(n);
	if (r) {
		report = report_of(&n->build, r);
		(void)say(NURSE_FAILED, 0, &report, -1);
		_exit(1);
	}
	if (!say_ready(n->grouped))
		serve(n);
	_exit(0);
}

pid_t nursery_start(int socket, int terms, int groups)
{
	const int given[] = { socket, terms, groups };
	static struct nursery n;
	int pidfd = -1;
	pid_t pid;

	n = (struct nursery){ .build = { .spec = &n.spec, .root_tree = -1 }, .children = -1 };
	memset(n.build.volume_trees, -1, sizeof(n.build.volume_trees));
	memset(n.build.views, -1, sizeof(n.build.views));
	pid = user_clone(&n.build, &pidfd, &n.host);
	if (pid == 0)
		run(&n, given);
	closep(&pidfd);
	return pid;
}
