/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places SOCKET: two tasks that come and go in turns on one CPU, first with thread ids whose places
 * in fl_sched_left are two, then with ids that share one.  Each goes when the other has come, so that
 * the place of the second two is never theirs any more when its task is back.  Prints `what OURS
 * TRUE` a line; exit status 1 when the first two's sleep is not counted, or when of the second two's
 * any is, or what was lost is not; 77 where ids cannot be chosen.
 */
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "agent/base/clock.h"
#include "tests/lib/own_cgroup.h"

#define PLACES 16384 /* bpf/sched/sched.bpf.c: LEFT_PLACES */
#define ROUNDS 50
#define NAP_NS (4 * NS_PER_MSEC)

/* 0 in the child.  -1 when the id is taken. */
static pid_t fork_as(pid_t id)
{
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&id,
				   .set_tid_size = 1 };

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void begin(const struct own_cgroup *cgroup, int gate)
{
	cpu_set_t cpus;
	char byte;

	own_cgroup_join(cgroup);
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		die("sched_setaffinity");
	if (read(gate, &byte, 1) != 1) /* until both are there */
		_exit(2);
}

/* Is woken once a round; who is of the batch kind takes the CPU from nobody. */
static _Noreturn void follow(const struct own_cgroup *cgroup, int gate, int baton)
{
	const struct sched_param none = { 0 };
	char byte;

	if (sched_setscheduler(0, SCHED_BATCH, &none))
		die("sched_setscheduler");
	begin(cgroup, gate);
	while (read(baton, &byte, 1) == 1)
		;
	_exit(0);
}

static _Noreturn void lead(const struct own_cgroup *cgroup, int gate, int baton)
{
	const struct timespec nap = { 0, NAP_NS };

	begin(cgroup, gate);
	for (int i = 0; i < ROUNDS; i++) {
		if (write(baton, "", 1) != 1)
			_exit(2);
		nanosleep(&nap, NULL);
	}
	_exit(0);
}

/* Two ids so far apart, neither of which was free a moment ago to anybody else. */
static bool fork_two(const struct own_cgroup *cgroup, pid_t apart, int gate, const int baton[2],
		     pid_t ret[2])
{
	for (pid_t id = PLACES - 100; id > PLACES / 2; id--) {
		ret[0] = fork_as(id);
		if (!ret[0]) {
			close(baton[1]);
			follow(cgroup, gate, baton[0]);
		}
		if (ret[0] < 0 && errno == EEXIST)
			continue;
		ret[1] = ret[0] < 0 ? -1 : fork_as(id + apart);
		if (!ret[1]) {
			close(baton[0]);
			lead(cgroup, gate, baton[1]);
		}
		if (ret[1] >= 0)
			return true;
		if (ret[0] < 0)
			return false;
		kill(ret[0], SIGKILL);
		waitpid(ret[0], NULL, 0);
		if (errno != EEXIST)
			return false;
	}
	return false;
}

static uint64_t node_lost(const char *socket)
{
	CLEANUP(snapshot_freep) struct snapshot *s = fresh_snapshot(socket);
	uint64_t n = 0;

	for (size_t cpu = 0; cpu < s->cpu_count; cpu++)
		n += s->cpus[cpu].sched_total[SCHED_LOST];
	return n;
}

static void take_turns(const struct own_cgroup *cgroup, pid_t apart)
{
	int gate[2], baton[2], status;
	pid_t tasks[2];

	if (pipe2(gate, O_CLOEXEC) || pipe2(baton, O_CLOEXEC))
		die("pipe");
	if (!fork_two(cgroup, apart, gate[0], baton, tasks)) {
		printf("no thread ids can be chosen here: %s\n", strerror(errno));
		rmdir(cgroup->path);
		exit(77);
	}
	close(baton[0]);
	close(baton[1]);
	if (write(gate[1], "12", 2) != 2)
		die("the gate");
	for (int i = 0; i < 2; i++)
		if (waitpid(tasks[i], &status, 0) != tasks[i] || status)
			die("a task");
	close(gate[0]);
	close(gate[1]);
}

static bool is_between(const char *what, uint64_t ours, uint64_t least, uint64_t most)
{
	printf("%-22s %12llu %12llu - %llu\n", what, (unsigned long long)ours,
	       (unsigned long long)least, (unsigned long long)most);
	return ours >= least && ours <= most;
}

int main(int argc, char **argv)
{
	const uint64_t naps_ns = ROUNDS * NAP_NS;
	struct cgroup_snapshot before, after;
	struct own_cgroup cgroup;
	uint64_t lost;
	bool good;

	if (argc < 2) {
		fprintf(stderr, "usage: places SOCKET\n");
		return 2;
	}
	own_cgroup_make(&cgroup);
	take_turns(&cgroup, 1);
	before = own_cgroup_counts(&cgroup, argv[1]);
	/* of both, less what passed at the gate */
	good = is_between("slept, two places", before.sched_total[SCHED_SLEPT_NS],
			  naps_ns * 19 / 10, naps_ns * 4);
	lost = node_lost(argv[1]);
	take_turns(&cgroup, PLACES);
	after = own_cgroup_counts(&cgroup, argv[1]);
	good &= is_between("slept, one place",
			   after.sched_total[SCHED_SLEPT_NS] - before.sched_total[SCHED_SLEPT_NS],
			   0, naps_ns / 2);
	/* the last round's naps end beside nobody */
	good &= is_between("lost", node_lost(argv[1]) - lost, (uint64_t)(2 * ROUNDS * 9 / 10),
			   2 * ROUNDS + 50);
	if (rmdir(cgroup.path))
		die(cgroup.path);
	return good ? 0 : 1;
}
