/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waits SOCKET CPU HOGS SLEEPERS MS: a load in a cgroup of its own, and what the agent counted
 * for that cgroup beside what the kernel counted for its tasks (run_delay in their schedstat).
 * CPU -1 leaves the tasks unpinned.  Prints `ratio OURS_NS KERNEL_NS WAITS`.
 *
 * Tasks wait at a gate before and after the load, blocked but alive, so that both accounts
 * are read while nothing moves.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "tests/lib/own_cgroup.h"

#define TASKS_MAX 64

struct load {
	struct own_cgroup cgroup;
	int count, cpu;
	pid_t tasks[TASKS_MAX];
	int gates[TASKS_MAX]; /* a byte lets the task pass */
	int arrivals;         /* a byte says that a task is at its gate */
};

static void nap(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC) };

	nanosleep(&t, NULL);
}

static void pin(int cpu)
{
	cpu_set_t cpus;

	if (cpu < 0)
		return;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity");
}

static void pass_gate(int gate, int arrivals)
{
	char byte = 0;

	if (write(arrivals, &byte, 1) != 1 || read(gate, &byte, 1) != 1)
		_exit(2);
}

static void burn(uint64_t ns)
{
	uint64_t until = clock_mono_ns() + ns;

	while (clock_mono_ns() < until)
		;
}

static void task(const struct load *l, int gate, int arrivals, bool hog, uint64_t ns)
{
	uint64_t until;

	own_cgroup_join(&l->cgroup);
	pin(l->cpu);
	pass_gate(gate, arrivals);
	until = clock_mono_ns() + ns;
	while (clock_mono_ns() < until) {
		burn(hog ? 5 * NS_PER_MSEC : NS_PER_MSEC / 10);
		if (!hog)
			nap(NS_PER_MSEC);
	}
	pass_gate(gate, arrivals);
	_exit(0);
}

static uint64_t run_delay(pid_t pid)
{
	char path[64], text[128];
	unsigned long long ran, waited = 0;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	if (fs_read(path, text, sizeof(text)) < 0 || sscanf(text, "%llu %llu", &ran, &waited) != 2)
		die(path);
	return waited;
}

/* At the gate means: the byte was written and the task has gone to sleep. */
static void await_all(const struct load *l)
{
	char byte;

	for (int i = 0; i < l->count; i++)
		if (read(l->arrivals, &byte, 1) != 1)
			die("a task died");
	for (int i = 0; i < l->count; i++) {
		char path[64], text[512], *state;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)l->tasks[i]);
		do {
			if (fs_read(path, text, sizeof(text)) < 0)
				die(path);
			state = strrchr(text, ')');
		} while (!state || state[2] != 'S');
	}
}

static uint64_t kernel_total(const struct load *l)
{
	uint64_t sum = 0;

	for (int i = 0; i < l->count; i++)
		sum += run_delay(l->tasks[i]);
	return sum;
}

static void open_gates(const struct load *l)
{
	for (int i = 0; i < l->count; i++)
		if (write(l->gates[i], "", 1) != 1)
			die("gate");
}

static void start_tasks(struct load *l, int hogs, int sleepers, uint64_t ns)
{
	int arrivals[2];

	if (pipe2(arrivals, O_CLOEXEC))
		die("pipe");
	l->arrivals = arrivals[0];
	for (l->count = 0; l->count < hogs + sleepers; l->count++) {
		int gate[2];

		if (pipe2(gate, O_CLOEXEC))
			die("pipe");
		l->gates[l->count] = gate[1];
		l->tasks[l->count] = fork();
		if (l->tasks[l->count] < 0)
			die("fork");
		if (l->tasks[l->count] == 0)
			task(l, gate[0], arrivals[1], l->count < hogs, ns);
		close(gate[0]);
	}
	close(arrivals[1]);
}

int main(int argc, char **argv)
{
	struct cgroup_snapshot before, after;
	uint64_t kernel_before, kernel, ours;
	struct load l = { 0 };

	if (argc != 6 || atoi(argv[3]) + atoi(argv[4]) > TASKS_MAX) {
		fprintf(stderr, "usage: waits SOCKET CPU HOGS SLEEPERS MS\n");
		return 2;
	}
	l.cpu = atoi(argv[2]);
	own_cgroup_make(&l.cgroup);
	start_tasks(&l, atoi(argv[3]), atoi(argv[4]), strtoull(argv[5], NULL, 10) * NS_PER_MSEC);
	await_all(&l);
	before = own_cgroup_counts(&l.cgroup, argv[1]);
	kernel_before = kernel_total(&l);
	open_gates(&l);
	await_all(&l);
	after = own_cgroup_counts(&l.cgroup, argv[1]);
	kernel = kernel_total(&l) - kernel_before;
	ours = after.sched_total[SCHED_WAIT_NS] - before.sched_total[SCHED_WAIT_NS];
	open_gates(&l);
	while (wait(NULL) > 0)
		;
	if (rmdir(l.cgroup.path))
		die(l.cgroup.path);
	printf("%.6f %llu %llu %llu\n", kernel ? (double)ours / (double)kernel : 0,
	       (unsigned long long)ours, (unsigned long long)kernel,
	       (unsigned long long)(after.sched_total[SCHED_WAITS] -
				    before.sched_total[SCHED_WAITS]));
	return kernel ? 0 : 2;
}
