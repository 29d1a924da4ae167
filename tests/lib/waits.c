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
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/cli/client.h"
#include "agent/probes/cgroup_names.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/json.h"

#define TASKS_MAX 64

struct load {
	char cgroup[512];
	uint64_t id;
	int count, cpu;
	pid_t tasks[TASKS_MAX];
	int gates[TASKS_MAX]; /* a byte lets the task pass */
	int arrivals;         /* a byte says that a task is at its gate */
};

static void die(const char *what)
{
	fprintf(stderr, "waits: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void nap(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC) };

	nanosleep(&t, NULL);
}

static void join_cgroup(const char *cgroup)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
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

	join_cgroup(l->cgroup);
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

static struct cgroup_snapshot our_total(const struct load *l, const char *socket)
{
	CLEANUP(answer_freep) struct answer answer = { 0 };
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct cgroup_snapshot found = { 0 };

	/* a window of one's own ends with a fresh sample: the tasks are all asleep by now */
	if (client_get(&answer, socket, "/v1/snapshot?for=1ms", 0) || answer.status != 200 ||
	    json_read_snapshot(answer.body, answer.length, &s))
		die("no snapshot");
	for (size_t i = 0; i < s->cgroup_count; i++)
		if (s->cgroups[i].id == l->id)
			found = s->cgroups[i];
	return found;
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

static void make_cgroup(struct load *l)
{
	struct cgroup_names *names = NULL;
	struct stat st;

	if (cgroup_names_new(&names, "", NULL))
		die("no cgroup2");
	snprintf(l->cgroup, sizeof(l->cgroup), "%.400s/fairlead-waits-%d",
		 cgroup_names_mount(names), (int)getpid());
	cgroup_names_free(names);
	if (mkdir(l->cgroup, 0755) || stat(l->cgroup, &st))
		die(l->cgroup);
	l->id = st.st_ino;
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
	make_cgroup(&l);
	start_tasks(&l, atoi(argv[3]), atoi(argv[4]), strtoull(argv[5], NULL, 10) * NS_PER_MSEC);
	await_all(&l);
	before = our_total(&l, argv[1]);
	kernel_before = kernel_total(&l);
	open_gates(&l);
	await_all(&l);
	after = our_total(&l, argv[1]);
	kernel = kernel_total(&l) - kernel_before;
	ours = after.wait_ns_total - before.wait_ns_total;
	open_gates(&l);
	while (wait(NULL) > 0)
		;
	if (rmdir(l.cgroup))
		die(l.cgroup);
	printf("%.6f %llu %llu %llu\n", kernel ? (double)ours / (double)kernel : 0,
	       (unsigned long long)ours, (unsigned long long)kernel,
	       (unsigned long long)(after.waits_total - before.waits_total));
	return kernel ? 0 : 2;
}
