/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tricks: tries known ways out of the place that it is started in.
 *   tricks NAME                        exits 0 when it worked, 1 when refused, 2 not triable
 *   tricks --list
 *   tricks --names [HANDED]            those about this kind of stdin
 *   tricks --run HANDED [WITHOUT]      those about this kind of stdin, or only one control's;
 *                                      a line each: NAME worked|refused|untriable|broken WHY
 *   tricks --sets                      the controls: what is left out, and the kind of stdin
 *   tricks --hand KIND COMMAND…        COMMAND with that kind of stdin (hand.c)
 *   tricks --neighbour                 keeps things for tricks to reach (neighbour.c)
 */
#include "tests/vm/escape/trick.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 10 }; /* for one trick */

struct beginning beginning;

static const struct trick *const lists[] = {
	file_tricks,   mount_tricks,   namespace_tricks, process_tricks, proc_tricks,
	kernel_tricks, network_tricks, ipc_tricks,       handed_tricks,
};

/* All of them in one row. */
static const struct trick *tricks[512];
static size_t trick_count;

static void gather(void)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct trick *t = lists[i]; t->name; t++)
			tricks[trick_count++] = t;
}

static const char *handed_of(const struct trick *t)
{
	return t->handed ? t->handed : "none";
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = done(write(fd, text, strlen(text)));
	close(fd);
	return r;
}

int read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
	int r = n < 0 ? -errno : (int)n;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return r;
}

/* The first descriptor that nobody should have left to us. */
static int find_inherited(void)
{
	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return fd;
	return -1;
}

/* In a process of its own, so that it may lose itself, with its result in shared memory. */
static void run_one(const struct trick *t)
{
	static int *result;
	int status;
	pid_t pid;

	if (!result)
		result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(SECONDS);
		*result = t->try();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		printf("%s broken %s\n", t->name, strerror(errno));
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		printf("%s refused killed\n", t->name);
	else if (status)
		printf("%s broken wait status %#x\n", t->name, (unsigned int)status);
	else if (*result == NOT_TRIABLE)
		printf("%s untriable\n", t->name);
	else if (*result < 0)
		printf("%s refused %s\n", t->name, strerrorname_np(-*result));
	else
		printf("%s worked\n", t->name);
}

static int run_all(const char *handed, const char *without)
{
	for (size_t i = 0; i < trick_count; i++)
		if (!strcmp(handed_of(tricks[i]), handed) &&
		    (!without || !strcmp(tricks[i]->without, without)))
			run_one(tricks[i]);
	return 0;
}

static int run_named(const char *name)
{
	for (size_t i = 0; i < trick_count; i++)
		if (!strcmp(tricks[i]->name, name)) {
			int r = tricks[i]->try();

			if (r < 0)
				printf("refused: %s\n", strerror(-r));
			return r == NOT_TRIABLE ? 2 : r < 0;
		}
	fprintf(stderr, "no trick is called '%s': see --list\n", name);
	return 2;
}

static int list_all(void)
{
	for (size_t i = 0; i < trick_count; i++)
		printf("%s\n\t%s\n\tguard: %s\n\tcontrol without: %s\n", tricks[i]->name,
		       tricks[i]->tries, tricks[i]->guard, tricks[i]->without);
	return 0;
}

static int list_names(const char *handed)
{
	for (size_t i = 0; i < trick_count; i++)
		if (!handed || !strcmp(handed_of(tricks[i]), handed))
			puts(tricks[i]->name);
	return 0;
}

static bool is_listed_before(size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!strcmp(tricks[i]->without, tricks[at]->without) &&
		    !strcmp(handed_of(tricks[i]), handed_of(tricks[at])))
			return true;
	return false;
}

static int list_sets(void)
{
	for (size_t i = 0; i < trick_count; i++)
		if (!is_listed_before(i))
			printf("%s %s\n", handed_of(tricks[i]), tricks[i]->without);
	return 0;
}

/* As what core_pattern names: takes all of the dump, so that the kernel counts it as one. */
static int read_core(void)
{
	char part[4096];

	while (read(0, part, sizeof(part)) > 0)
		;
	return 0;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: tricks NAME | --list | --names [HANDED] | --run HANDED [WITHOUT] | --sets | "
		"--hand KIND COMMAND… | --neighbour\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	beginning = (struct beginning){ getpid(), getppid(), find_inherited() };
	gather();
	if (!strcmp(mode, "--list"))
		return list_all();
	if (!strcmp(mode, "--names"))
		return list_names(argv[2]);
	if (!strcmp(mode, "--sets"))
		return list_sets();
	if (!strcmp(mode, "--neighbour"))
		return neighbour();
	if (!strcmp(mode, "--reopen-self"))
		return reopen_self();
	if (!strcmp(mode, "--write-through") && argc > 2)
		return write_through(argv[2]);
	if (!strcmp(mode, "--user"))
		return geteuid() == 12345 ? 0 : 1;
	if (!strcmp(mode, "--core"))
		return read_core();
	if (!strcmp(mode, "--hand") && argc > 3)
		return hand(argv[2], argv + 3);
	if (!strcmp(mode, "--run") && argc > 2)
		return run_all(argv[2], argc > 3 ? argv[3] : NULL);
	return argc == 2 && *mode != '-' ? run_named(mode) : usage();
}
