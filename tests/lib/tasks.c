/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tasks SOCKET [PERCENT]: tasks in a cgroup of their own that do known things, one thing after
 * the other, and what the agent counted for the cgroup beside what was done.  Prints
 * `thing counter OURS TRUE` a line, times in nanoseconds; exit status 1 when a counter is off by
 * more than PERCENT of the truth (and by more than a few).
 *
 * The task waits at a gate before and after each thing, asleep, so that both accounts are read
 * while nothing moves.
 */
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "tests/lib/own_cgroup.h"

#define TRUTHS 4

struct truth {
	enum sched_count count;
	double value; /* nanoseconds for a time */
};

/* What was done: the truths of one thing; the list ends where the value is negative. */
struct account {
	struct truth truths[TRUTHS];
	double gate_ns; /* slept at the gate before it */
};

static void pin(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity");
}

static double seconds_ns(const struct timeval *t)
{
	return (double)t->tv_sec * 1e9 + (double)t->tv_usec * 1e3;
}

static double used_ns(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return seconds_ns(&u.ru_utime) + seconds_ns(&u.ru_stime);
}

/*
 * What passed while we did not wait for the CPU, by our own clock: for who never slept in between,
 * how long the CPU was ours.  Not used_ns() for that: the kernel takes off what a hypervisor stole.
 */
static double unwaited_ns(void)
{
	unsigned long long ran, waited;
	char text[128];

	if (fs_read("/proc/thread-self/schedstat", text, sizeof(text)) < 0 ||
	    sscanf(text, "%llu %llu", &ran, &waited) != 2)
		die("schedstat");
	return (double)clock_mono_ns() - (double)waited;
}

static double off_cpu_ns(void)
{
	return unwaited_ns() - used_ns(RUSAGE_SELF);
}

static void burn(uint64_t ns)
{
	uint64_t until = clock_mono_ns() + ns;

	while (clock_mono_ns() < until)
		;
}

static void await_child(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die("a child");
}

/* --- the things --- */

static void do_run(struct account *a)
{
	double before = unwaited_ns();

	burn(400 * NS_PER_MSEC);
	a->truths[0] = (struct truth){ SCHED_RUN_NS, unwaited_ns() - before };
	a->truths[1] = (struct truth){ SCHED_STARTED, 0 };
}

static void do_sleep(struct account *a)
{
	const struct timespec nap = { 0, 4 * NS_PER_MSEC };
	double began = off_cpu_ns();
	int naps = 60;

	for (int i = 0; i < naps; i++)
		nanosleep(&nap, NULL);
	a->truths[0] = (struct truth){ SCHED_SLEPT_NS, off_cpu_ns() - began + a->gate_ns };
	a->truths[1] = (struct truth){ SCHED_WAITS, naps + 1 };
}

static void do_fork(struct account *a)
{
	int forks = 200;

	for (int i = 0; i < forks; i++) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		await_child(child);
	}
	a->truths[0] = (struct truth){ SCHED_STARTED, forks };
	a->truths[1] = (struct truth){ SCHED_EXITED, forks };
	a->truths[2] = (struct truth){ SCHED_EXECS, 0 };
}

static void do_exec(struct account *a)
{
	int execs = 50;

	for (int i = 0; i < execs; i++) {
		pid_t child = fork();

		if (!child) {
			execl("/proc/self/exe", "tasks", (char *)NULL);
			_exit(1);
		}
		await_child(child);
	}
	a->truths[0] = (struct truth){ SCHED_STARTED, execs };
	a->truths[1] = (struct truth){ SCHED_EXECS, execs };
}

static void do_move(struct account *a)
{
	int moves = 200;

	for (int i = 0; i < moves; i++)
		pin(i % 2 ? 0 : 1);
	a->truths[0] = (struct truth){ SCHED_MOVED_NEAR, moves }; /* of all kinds, see ours() */
}

/* What was stolen while it burns, and waits for no more than the CPU. */
static double burn_used(double ns)
{
	double began = unwaited_ns(), used = used_ns(RUSAGE_SELF);

	while (used_ns(RUSAGE_SELF) < ns)
		;
	return unwaited_ns() - began - (used_ns(RUSAGE_SELF) - used);
}

/* Two that want one CPU: each is preempted by the other, and waits as long as that one runs. */
static void do_share(struct account *a)
{
	double before = used_ns(RUSAGE_CHILDREN), stolen, sum = 0;
	struct rusage was, is;
	pid_t children[2];
	int told[2];

	if (pipe(told))
		die("pipe");
	getrusage(RUSAGE_CHILDREN, &was);
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (!children[i]) {
			stolen = burn_used(300e6);
			_exit(write(told[1], &stolen, sizeof(stolen)) == sizeof(stolen) ? 0 : 1);
		}
	}
	for (int i = 0; i < 2; i++) {
		await_child(children[i]);
		if (read(told[0], &stolen, sizeof(stolen)) != sizeof(stolen))
			die("a child");
		sum += stolen;
	}
	close(told[0]);
	close(told[1]);
	getrusage(RUSAGE_CHILDREN, &is);
	a->truths[0] = (struct truth){ SCHED_RUN_NS, used_ns(RUSAGE_CHILDREN) - before + sum };
	a->truths[1] = (struct truth){ SCHED_PREEMPTED, (double)(is.ru_nivcsw - was.ru_nivcsw) };
}

static const struct thing {
	const char *name;
	int cpus;
	void (*act)(struct account *a);
} things[] = {
	{ "run", 1, do_run },   { "sleep", 1, do_sleep }, { "fork", 1, do_fork },
	{ "exec", 1, do_exec }, { "move", 2, do_move },   { "share", 1, do_share },
};
#define THINGS (sizeof(things) / sizeof(things[0]))

/* --- who does them, and who looks --- */

static _Noreturn void act(const struct own_cgroup *cgroup, int gate, int accounts)
{
	const struct account ready = { 0 };

	own_cgroup_join(cgroup);
	pin(0);
	if (write(accounts, &ready, sizeof(ready)) != sizeof(ready))
		_exit(2);
	for (size_t i = 0; i < THINGS; i++) {
		double began = off_cpu_ns();
		struct account a = { 0 };
		char byte;

		for (int t = 0; t < TRUTHS; t++)
			a.truths[t].value = -1;
		if (read(gate, &byte, 1) != 1)
			_exit(2);
		a.gate_ns = off_cpu_ns() - began;
		if (byte)
			things[i].act(&a);
		if (write(accounts, &a, sizeof(a)) != sizeof(a))
			_exit(2);
	}
	if (read(gate, &(char){ 0 }, 1) != 0)
		_exit(2);
	_exit(0);
}

static void await_sleep(pid_t pid)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	do {
		if (fs_read(path, text, sizeof(text)) < 0)
			die(path);
		state = strrchr(text, ')');
	} while (!state || state[2] != 'S');
}

static double ours(const struct cgroup_snapshot *before, const struct cgroup_snapshot *after,
		   enum sched_count count)
{
	enum sched_count last = count == SCHED_MOVED_NEAR ? SCHED_MOVED_NODE : count;
	double sum = 0;

	for (enum sched_count c = count; c <= last; c++)
		sum += (double)(after->sched_total[c] - before->sched_total[c]);
	return sum;
}

static bool compare(const struct thing *thing, const struct account *a,
		    const struct cgroup_snapshot *before, const struct cgroup_snapshot *after,
		    double percent)
{
	bool good = true;

	for (int t = 0; t < TRUTHS && a->truths[t].value >= 0; t++) {
		enum sched_count count = a->truths[t].count;
		double value = ours(before, after, count), truth = a->truths[t].value;
		/* the clocks that we compare with tick by the millisecond; somebody else may come by */
		double slack = sched_count_names[count].is_time ? 5e6 : percent > 0 ? 3 : 0;

		printf("%-6s %-24s %14.0f %14.0f\n", thing->name, sched_count_names[count].name,
		       value, truth);
		good &= fabs(value - truth) <= truth * percent / 100 + slack;
	}
	return good;
}

int main(int argc, char **argv)
{
	double percent = argc > 2 ? atof(argv[2]) : 0;
	int gate[2], accounts[2], cpus;
	struct account a;
	struct own_cgroup cgroup;
	bool good = true;
	pid_t actor;

	if (argc < 2) /* our own exec */
		return 0;
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	own_cgroup_make(&cgroup);
	if (pipe2(gate, O_CLOEXEC) || pipe2(accounts, O_CLOEXEC))
		die("pipe");
	actor = fork();
	if (!actor) {
		close(gate[1]);
		act(&cgroup, gate[0], accounts[1]);
	}
	if (read(accounts[0], &a, sizeof(a)) != sizeof(a))
		die("the actor");
	for (size_t i = 0; i < THINGS; i++) {
		char go = cpus >= things[i].cpus;
		struct cgroup_snapshot before, after;

		await_sleep(actor);
		before = own_cgroup_counts(&cgroup, argv[1]);
		if (write(gate[1], &go, 1) != 1 || read(accounts[0], &a, sizeof(a)) != sizeof(a))
			die("the actor");
		await_sleep(actor);
		after = own_cgroup_counts(&cgroup, argv[1]);
		good &= compare(&things[i], &a, &before, &after, percent);
	}
	close(gate[1]);
	await_child(actor);
	if (rmdir(cgroup.path))
		die(cgroup.path);
	return good ? 0 : 1;
}
