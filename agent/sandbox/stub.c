/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/stub.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/sandbox/files.h"
#include "agent/sandbox/filter.h"
#include "agent/sandbox/held.h"
#include "agent/sandbox/rights.h"
#include "agent/sandbox/room.h"
#include "agent/sandbox/root.h"
#include "agent/sandbox/steps.h"
#include "agent/sandbox/streams.h"
#include "agent/sandbox/user.h"
#include "agent/wire/slot.h"

enum { COMMAND_STACK = 64 << 10, FAILED = 125 };

static void tell(const struct stub *stub, const struct sandbox_report *report)
{
	ssize_t n;

	do
		n = write(stub->report, report, sizeof(*report));
	while (n < 0 && errno == EINTR); /* who is gone needs no answer */
}

static void fail(const struct stub *stub, int error)
{
	struct sandbox_report report = { .error = error, .step = stub->build->step };

	if (stub->build->what)
		snprintf(report.what, sizeof(report.what), "%s", stub->build->what);
	tell(stub, &report);
	_exit(FAILED);
}

static int raise_loopback(void)
{
	CLEANUP(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) ? -errno : 0;
}

static int name_host(struct build *b)
{
	const char *name = b->spec->host ? b->spec->host : "sandbox";

	step_at(b, STEP_NETWORK, name);
	if (sethostname(name, strlen(name)))
		return -errno;
	return b->spec->net == SANDBOX_NET_LOOPBACK ? raise_loopback() : 0;
}

static int await_go(const struct stub *stub)
{
	uint64_t count;
	ssize_t n = sizeof(count);

	step_at(stub->build, STEP_LIMITS, NULL);
	if (stub->go >= 0)
		do
			n = read(stub->go, &count, sizeof(count));
		while (n < 0 && errno == EINTR);
	return n == sizeof(count) ? 0 : -errno;
}

static int build(const struct stub *stub)
{
	struct build *b = stub->build;
	int r = user_become(b, &stub->host);

	step_at(b, r ? b->step : STEP_PARENT, NULL);
	if (!r)
		r = user_bind_to_parent(stub->report);
	if (!r && !b->framed) {
		streams_narrow(b);
		r = root_frame(b);
	}
	if (!r)
		r = room_build(b);
	if (!r)
		r = files_put(b);
	if (!r)
		r = name_host(b);
	step_at(b, r ? b->step : STEP_RIGHTS, r ? b->what : NULL);
	if (!r)
		r = rights_drop();
	/* The others say first that they stand. */
	return r || stub->mode == STUB_IDLE || stub->mode == STUB_HELD ? r : await_go(stub);
}

/* The command, from here on in a process of its own that shares our memory until it executes. */
struct command {
	const struct stub *stub;
	int error;
};

/* To the numbers from 0 on; first out of each other's way: any may be one of these already. */
static int take_streams(const struct build *b)
{
	const struct sandbox_spec *spec = b->spec;
	enum { STREAMS = 3, MOST = 8 };
	int from[MOST] = { spec->in, spec->out, spec->err };
	int count = STREAMS + (int)spec->more_count;

	for (int i = 0; i < STREAMS; i++)
		if (b->views[i] >= 0)
			from[i] = b->views[i];
	for (int i = STREAMS; i < count && i < MOST; i++)
		from[i] = spec->more[i - STREAMS];
	for (int i = 0; i < count; i++)
		if (from[i] != i && from[i] < count) {
			from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, count);
			if (from[i] < 0)
				return -errno;
		}
	for (int i = 0; i < count; i++)
		if ((from[i] != i && dup2(from[i], i) < 0) || fcntl(i, F_SETFD, 0))
			return -errno;
	return close_range((unsigned int)count, ~0u, CLOSE_RANGE_CLOEXEC) ? -errno : 0;
}

static void reset_signals(void)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < 32; i++)
		(void)sigaction(i, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *path_of(char *const *env)
{
	for (; *env; env++)
		if (!strncmp(*env, "PATH=", 5))
			return *env + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

/* As execvp() does, but along the PATH of the job and not along ours. */
static int execute(const struct sandbox_spec *spec)
{
	const char *name = spec->argv[0];
	char path[PATH_MAX];
	int error = ENOENT;

	if (strchr(name, '/')) {
		execve(name, spec->argv, spec->env);
		return -errno;
	}
	for (const char *at = path_of(spec->env); *at; at += strspn(at, ":")) {
		int length = (int)strcspn(at, ":");

		if (snprintf(path, sizeof(path), "%.*s/%s", length, at, name) < (int)sizeof(path))
			execve(path, spec->argv, spec->env);
		if (errno != ENOENT && errno != ENOTDIR)
			error = errno;
		at += length;
	}
	return -error;
}

/* All that does not depend on what is executed. */
static int prepare(struct build *b)
{
	int r = 0;

	step_at(b, STEP_FOLDER, b->spec->folder);
	if (setsid() < 0) /* so that kill(0, …) inside finds nobody else's group */
		return -errno;
	if (chdir(b->spec->folder ? b->spec->folder : SANDBOX_FOLDER))
		r = -errno;
	step_at(b, r ? b->step : STEP_FENCE, b->what);
	if (!r)
		r = rights_fence(b->spec);
	step_at(b, r ? b->step : STEP_LIMITS, b->what);
	if (!r)
		r = rights_limit(b->spec);
	reset_signals();
	step_at(b, r ? b->step : STEP_FILTER, b->what);
	return r ? r : filter_load(b->filter);
}

static int prepare_with_streams(struct build *b)
{
	int r;

	step_at(b, STEP_STREAMS, NULL);
	r = take_streams(b);
	return r ? r : prepare(b);
}

static int run_command(void *argument)
{
	struct command *c = argument;
	struct build *b = c->stub->build;

	c->error = prepare_with_streams(b);
	if (!c->error) {
		step_at(b, STEP_EXEC, b->spec->argv[0]);
		c->error = execute(b->spec);
	}
	return FAILED; /* clone(2) ends it with this */
}

static pid_t start_command(const struct stub *stub)
{
	static char stack[COMMAND_STACK] __attribute__((aligned(64)));
	struct command c = { .stub = stub };
	pid_t pid;

	step_at(stub->build, STEP_LIMITS, NULL); /* what a clone may be refused for now */
	pid = clone(run_command, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &c);
	if (pid < 0)
		return -errno;
	if (!c.error)
		return pid;
	(void)waitpid(pid, NULL, 0);
	return c.error;
}

/* We keep nothing open but our standard streams, which are the job's, and the ways to tell. */
static void close_all_but(int one, int other)
{
	int low = one < other ? one : other, high = one < other ? other : one;

	if (low > 3)
		(void)close_range(3, (unsigned int)low - 1, 0);
	if (low >= 3 && high > low + 1)
		(void)close_range((unsigned int)low + 1, (unsigned int)high - 1, 0);
	(void)close_range((unsigned int)high + 1, ~0u, 0);
}

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

static void tell_end(const struct stub *stub, int status)
{
	struct sandbox_report report = { .status = status };
	struct rusage used;

	getrusage(RUSAGE_CHILDREN, &used);
	report.user_ns = ns_of(used.ru_utime);
	report.system_ns = ns_of(used.ru_stime);
	report.peak_bytes = (uint64_t)used.ru_maxrss << 10;
	if (stub->mode == STUB_COMMAND)
		tell(stub, &report);
	else
		(void)held_tell(stub->socket, SLOT_ENDED, &report);
}

/* What ends a program goes to all of its group, as from a terminal; the rest to it alone. */
static void pass_on(pid_t command, int signal)
{
	bool ends = signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;

	(void)kill(ends ? -command : command, signal);
}

/* Reaps until the command is among the dead; whatever lives then dies with us. */
static bool reap(pid_t command, int *status)
{
	pid_t pid;

	do
		pid = waitpid(-1, status, WNOHANG);
	while (pid > 0 && pid != command);
	return pid == command;
}

static void serve(const struct stub *stub, pid_t command)
{
	sigset_t all;
	int status, signal;

	sigfillset(&all);
	for (;;) {
		signal = sigwaitinfo(&all, NULL);
		if (signal == SIGCHLD && reap(command, &status))
			break;
		if (signal > 0 && signal != SIGCHLD)
			pass_on(command, signal);
	}
	tell_end(stub, status);
}

/* Of a job that came later, and so cannot be told by the report. */
static void fail_held(const struct stub *stub, int error)
{
	struct sandbox_report report = { .error = error, .step = stub->build->step };

	if (stub->build->what)
		snprintf(report.what, sizeof(report.what), "%s", stub->build->what);
	(void)held_tell(stub->socket, SLOT_FAILED, &report);
	_exit(FAILED);
}

/* What can be done before anything of the job is known has been. */
static int take_job(const struct stub *stub)
{
	static struct sandbox_spec with_job;
	struct build *b = stub->build;
	int r;

	with_job = *b->spec;
	step_at(b, STEP_JOB, NULL);
	r = held_await(stub->socket, &with_job);
	if (r == -EPIPE)
		_exit(0); /* nobody will ever come */
	b->spec = &with_job;
	step_at(b, r ? STEP_JOB : STEP_STREAMS, NULL);
	if (!r)
		r = streams_check(&with_job);
	if (!r)
		r = files_put(b);
	step_at(b, r ? b->step : STEP_STREAMS, r ? b->what : NULL);
	return r ? r : take_streams(b);
}

/* The command's process, as confined as it will be, until it has a command. */
static void hold(const struct stub *stub) __attribute__((noreturn));
static void hold(const struct stub *stub)
{
	const struct sandbox_report nothing = { 0 };
	struct build *b = stub->build;
	int r = prepare(b);

	if (!r) {
		(void)held_tell(stub->socket, SLOT_WAITS, &nothing);
		r = take_job(stub);
	}
	if (!r) {
		(void)held_tell(stub->socket, SLOT_RUNS, &nothing);
		step_at(b, STEP_EXEC, b->spec->argv[0]);
		r = execute(b->spec);
	}
	fail_held(stub, r);
	_exit(FAILED);
}

static void run_held(const struct stub *stub)
{
	const struct sandbox_report stands = { 0 };
	pid_t command;

	tell(stub, &stands);
	if (await_go(stub)) /* into our group, so that what we make is in it */
		_exit(FAILED);
	close_all_but(stub->report, stub->socket);
	command = fork();
	if (command == 0)
		hold(stub);
	if (command < 0)
		fail_held(stub, -errno);
	serve(stub, command);
}

static void run_command_now(const struct stub *stub)
{
	const struct sandbox_report runs = { 0 };
	pid_t command = start_command(stub);

	if (command < 0)
		fail(stub, command);
	close_all_but(stub->report, stub->mode == STUB_AHEAD ? stub->socket : stub->report);
	tell(stub, &runs);
	serve(stub, command);
}

/*
 * Until it is killed: process 1, which reaps what others leave.  Whoever enters must be able to look
 * at it until then, and takes the fence from here, by its number.
 */
static void idle(const struct stub *stub)
{
	struct sandbox_report stands = { 0 };
	int fence = -1;
	sigset_t all;

	step_at(stub->build, STEP_FENCE, NULL);
	stands.error = rights_fence_new(stub->build->spec, &fence);
	if (stands.error)
		fail(stub, stands.error);
	stands.status = fence;
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	tell(stub, &stands);
	if (await_go(stub))
		_exit(FAILED);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	close_all_but(stub->report, stub->report);
	sigfillset(&all);
	for (;;)
		if (sigwaitinfo(&all, NULL) == SIGCHLD)
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
}

void stub_run(const struct stub *stub)
{
	sigset_t all;
	int r;

	/* Blocked, so that the kernel keeps for process 1 what it would throw away unhandled. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid();
	close(stub->parent_end);
	r = build(stub);
	if (r)
		fail(stub, r);
	if (stub->mode == STUB_HELD)
		run_held(stub);
	else if (stub->mode == STUB_IDLE)
		idle(stub);
	else
		run_command_now(stub);
	_exit(0);
}
