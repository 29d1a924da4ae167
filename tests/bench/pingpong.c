/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pingpong CPU [ROUNDS]: two processes on one CPU hand a byte back and forth through pipes, two
 * switches a round; prints the nanoseconds a switch.  The classic yardstick for what a hook
 * on sched_switch costs, as nearly all of the time is the switch itself.
 *
 * Without ROUNDS it reads them, a number a line, and answers each line: what is compared then
 * runs in the very same two processes.  New ones differ by a percent or two between starts,
 * by where their pages happen to lie.  Between the lines it spins, below everybody else: a CPU that
 * idled for a moment is slower by a fifth for the next second.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct table {
	int there[2], back[2];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static int pin(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* The other player: gives back what it gets, until the table is gone. */
static void play_back(const struct table *t)
{
	char byte;

	close(t->there[1]);
	while (read(t->there[0], &byte, 1) == 1 && write(t->back[1], &byte, 1) == 1)
		;
	_exit(0);
}

static int play(const struct table *t, long rounds)
{
	uint64_t start = now_ns();
	char byte = 0;

	if (rounds < 1)
		return -EINVAL;
	for (long i = 0; i < rounds; i++)
		if (write(t->there[1], &byte, 1) != 1 || read(t->back[0], &byte, 1) != 1)
			return -errno;
	printf("%.2f\n", (double)(now_ns() - start) / (double)(2 * rounds));
	return 0;
}

static void await_line(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int priority = getpriority(PRIO_PROCESS, 0);

	setpriority(PRIO_PROCESS, 0, 19);
	while (!poll(&in, 1, 0))
		sched_yield();
	setpriority(PRIO_PROCESS, 0, priority);
}

int main(int argc, char **argv)
{
	struct table t;
	char line[32];
	pid_t other;
	int r = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || pin(atoi(argv[1])) || pipe(t.there) || pipe(t.back)) {
		fprintf(stderr, "usage: pingpong CPU [ROUNDS] (%s)\n", strerror(errno));
		return 2;
	}
	other = fork();
	if (other == 0)
		play_back(&t);
	if (argc > 2)
		r = play(&t, strtol(argv[2], NULL, 10));
	else
		while (!r && (await_line(), fgets(line, sizeof(line), stdin)))
			r = play(&t, strtol(line, NULL, 10));
	close(t.there[1]);
	waitpid(other, NULL, 0);
	return r ? 1 : 0;
}
