/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pingpong CPU ROUNDS: two processes on one CPU hand a byte to and fro through pipes, two
 * switches a round; prints the nanoseconds a switch.  The classic yardstick for what a hook
 * on sched_switch costs, as nearly all of the time is the switch itself.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	long rounds = argc > 2 ? atol(argv[2]) : 100000;
	int there[2], back[2];
	cpu_set_t cpus;
	uint64_t start;
	char byte = 0;
	pid_t child;

	CPU_ZERO(&cpus);
	CPU_SET(argc > 1 ? atoi(argv[1]) : 0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || pipe(there) || pipe(back)) {
		perror("pingpong");
		return 1;
	}
	child = fork();
	if (child == 0) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	start = now_ns();
	for (long i = 0; i < rounds; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return 1;
	printf("%.1f\n", (double)(now_ns() - start) / (double)(2 * rounds));
	close(there[1]);
	waitpid(child, NULL, 0);
	return 0;
}
