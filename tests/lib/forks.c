/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forks SOCKET COUNT [PERCENT]: as many forks as fast as all CPUs can, in a cgroup of their own,
 * and what the agent counted for it beside what was done.  Prints `what OURS TRUE`, or `what OURS
 * <= LIMIT`, a line; exit status 1 when a count is off by more than PERCENT of the truth, or when
 * a wait or a sum of times is longer than the test can have made it.
 */
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "agent/base/clock.h"
#include "tests/lib/own_cgroup.h"

/* In the kernel's cheapest way: parent and child share all memory until the child ends. */
static bool fork_once(void)
{
	/* NOLINTNEXTLINE: nothing is as fast, and the child does nothing but end */
	pid_t child = vfork();

	if (!child)
		_exit(0);
	return child > 0 && waitpid(child, NULL, 0) == child;
}

static _Noreturn void fork_on(uint64_t count)
{
	while (count && fork_once())
		count--;
	_exit(count ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* In the cgroup: one forker a CPU; ends when all have. */
static _Noreturn void act(const struct own_cgroup *cgroup, int gate, int forkers, uint64_t count)
{
	int status, worst = 0;
	char byte;

	own_cgroup_join(cgroup);
	if (read(gate, &byte, 1) != 1)
		_exit(2);
	for (int i = 0; i < forkers; i++)
		if (!fork())
			fork_on(count / (uint64_t)forkers);
	while (wait(&status) > 0)
		worst |= status;
	_exit(worst ? 2 : 0);
}

/* How many waits of the node, by these metrics, are in buckets that begin at so many seconds or later. */
static uint64_t waits_beyond(const char *metrics, double seconds)
{
	static const char prefix[] = "fairlead_sched_wait_seconds_bucket{cpu=\"";
	uint64_t beyond = 0, before = 0;
	double begins = 0;

	for (const char *line = strstr(metrics, prefix); line; line = strstr(line + 1, prefix)) {
		const char *ends = strstr(line, "le=\"") + 4;
		uint64_t count = strtoull(strstr(line, "} ") + 2, NULL, 10);

		if (begins >= seconds)
			beyond += count - before;
		before = count;
		begins = strtod(ends, NULL);
		if (isinf(begins)) /* the next line is another CPU's first */
			begins = (double)(before = 0);
	}
	return beyond;
}

static void get_metrics(struct answer *ret, const char *socket)
{
	if (client_get(ret, socket, "/metrics", 0) || ret->status != 200)
		die("no metrics");
}

static bool is_near(const char *what, uint64_t ours, uint64_t truth, double percent)
{
	printf("%-18s %14" PRIu64 " %14" PRIu64 "\n", what, ours, truth);
	return fabs((double)ours - (double)truth) <= (double)truth * percent / 100;
}

static bool is_within(const char *what, uint64_t ours, uint64_t limit)
{
	printf("%-18s %14" PRIu64 " <= %11" PRIu64 "\n", what, ours, limit);
	return ours <= limit;
}

/* Of the tasks in the cgroup. */
static uint64_t longest_wait(const struct own_cgroup *cgroup, const char *socket)
{
	CLEANUP(snapshot_freep) struct snapshot *s = fresh_snapshot(socket);
	uint64_t longest = 0;

	for (size_t i = 0; i < s->waiter_count; i++) {
		const struct cgroup_snapshot *c = snapshot_cgroup(s, s->waiters[i].cgroup);

		if (c && c->id == cgroup->id && s->waiters[i].longest_ns > longest)
			longest = s->waiters[i].longest_ns;
	}
	return longest;
}

int main(int argc, char **argv)
{
	int forkers = (int)sysconf(_SC_NPROCESSORS_ONLN), gate[2], status;
	double percent = argc > 3 ? atof(argv[3]) : 0;
	CLEANUP(answer_freep) struct answer metrics = { 0 };
	CLEANUP(answer_freep) struct answer later = { 0 };
	struct cgroup_snapshot before, after;
	struct own_cgroup cgroup;
	uint64_t count, began, length;
	bool good;
	pid_t actor;

	if (argc < 3) {
		fprintf(stderr, "usage: forks SOCKET COUNT [PERCENT]\n");
		return 2;
	}
	count = strtoull(argv[2], NULL, 10) / (uint64_t)forkers * (uint64_t)forkers;
	own_cgroup_make(&cgroup);
	if (pipe2(gate, O_CLOEXEC))
		die("pipe");
	actor = fork();
	if (!actor)
		act(&cgroup, gate[0], forkers, count);
	before = own_cgroup_counts(&cgroup, argv[1]);
	get_metrics(&metrics, argv[1]);
	began = clock_mono_ns();
	if (write(gate[1], "", 1) != 1 || waitpid(actor, &status, 0) != actor || status)
		die("the actor");
	length = clock_mono_ns() - began;
	after = own_cgroup_counts(&cgroup, argv[1]);
	get_metrics(&later, argv[1]);
	printf("forks a second     %14.0f\n", (double)count / ((double)length / 1e9));
	/* the forkers themselves, and who made them */
	good = is_near("started",
		       after.sched_total[SCHED_STARTED] - before.sched_total[SCHED_STARTED],
		       count + (uint64_t)forkers, percent);
	good &= is_near("exited",
			after.sched_total[SCHED_EXITED] - before.sched_total[SCHED_EXITED],
			count + (uint64_t)forkers + 1, percent);
	good &= is_within("waits too long", waits_beyond(later.body, (double)length / 1e9),
			  waits_beyond(metrics.body, (double)length / 1e9));
	good &= is_within("longest wait, ns", longest_wait(&cgroup, argv[1]), length);
	good &= is_within("waited, ns", after.sched_total[SCHED_WAIT_NS],
			  length * 2 * (uint64_t)forkers);
	good &= is_within("slept, ns", after.sched_total[SCHED_SLEPT_NS],
			  length * ((uint64_t)forkers + 2));
	good &= is_within("preempted, ns", after.sched_total[SCHED_PREEMPTED_NS],
			  length * 2 * (uint64_t)forkers);
	if (rmdir(cgroup.path))
		die(cgroup.path);
	return good ? 0 : 1;
}
