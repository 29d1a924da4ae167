/* SPDX-License-Identifier: Apache-2.0 */
/*
 * burden SOCKET: a cgroup of its own, in v2 or wherever v1 has the controllers, in which known
 * things are done: CPU time used under a quota, memory taken, more of it than allowed.  Prints
 * what the agent says of it beside what the kernel's files and the tasks themselves say:
 *   WHAT OURS TRUE
 * and ends with 1 when they do not agree.  The first line is the hierarchy as the agent names it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/cli/client.h"
#include "agent/probes/cgroup_names.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/json.h"

#define MIB         ((size_t)1 << 20)
#define LIMIT       (24 * MIB)
#define TAKEN       (8 * MIB)
#define BURN_NS     (1500 * NS_PER_MSEC)
#define QUOTA_US    "20000" /* in each 100 ms */
#define CONTROLLERS 4

static const char *const names[CONTROLLERS] = { "cpu", "cpuacct", "memory", "pids" };

struct place {
	bool v2;
	char name[64];
	char folders[CONTROLLERS][512]; /* by controller; of v2 all the same */
};

static void die(const char *what)
{
	fprintf(stderr, "burden: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void make(struct place *p)
{
	snprintf(p->name, sizeof(p->name), "fairlead-burden-%d", (int)getpid());
	for (int i = 0; i < CONTROLLERS; i++) {
		struct cgroup_names *hierarchy = NULL;

		p->v2 = cgroup_names_new(&hierarchy, "", names[i]) != 0;
		if (p->v2 && cgroup_names_new(&hierarchy, "", NULL))
			die("no hierarchy");
		snprintf(p->folders[i], sizeof(p->folders[i]), "%.400s/%s",
			 cgroup_names_mount(hierarchy), p->name);
		cgroup_names_free(hierarchy);
		if (mkdir(p->folders[i], 0755) && errno != EEXIST)
			die(p->folders[i]);
	}
}

static void remove_all(const struct place *p)
{
	for (int i = 0; i < CONTROLLERS; i++)
		for (int tries = 0; rmdir(p->folders[i]) && errno == EBUSY && tries < 1000; tries++)
			usleep(1000); /* its last task is still on its way out */
}

static void put(const struct place *p, int controller, const char *file, const char *text)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", p->folders[controller], file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

enum { CPU, CPUACCT, MEMORY };

static void limit(const struct place *p)
{
	char bytes[32];

	snprintf(bytes, sizeof(bytes), "%zu", LIMIT);
	put(p, CPU, p->v2 ? "cpu.max" : "cpu.cfs_quota_us", p->v2 ? QUOTA_US " 100000" : QUOTA_US);
	put(p, MEMORY, p->v2 ? "memory.max" : "memory.limit_in_bytes", bytes);
}

/* The number behind a word of a file, or the file's first when the word is NULL. */
static uint64_t number_in(const struct place *p, int controller, const char *file, const char *word)
{
	char path[600], text[16384];
	const char *at;

	snprintf(path, sizeof(path), "%s/%s", p->folders[controller], file);
	if (fs_read(path, text, sizeof(text)) < 0)
		die(path);
	for (at = text; word && at && strncmp(at, word, strlen(word)); at += at != NULL)
		at = strchr(at, '\n');
	if (!at)
		die(word);
	return strtoull(at + (word ? strlen(word) : 0), NULL, 10);
}

static uint64_t stalled_us(const struct place *p, const char *file)
{
	char path[600], text[512];
	const char *total;

	snprintf(path, sizeof(path), "%s/%s", p->folders[CPU], file);
	if (fs_read(path, text, sizeof(text)) < 0)
		die(path);
	total = strstr(text, " total=");
	return total ? strtoull(total + strlen(" total="), NULL, 10) : 0;
}

/* Of now: a window of one's own ends with a fresh look. */
static struct cgroup_snapshot by_us(const struct place *p, const char *socket)
{
	CLEANUP(answer_freep) struct answer answer = { 0 };
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;

	if (client_get(&answer, socket, "/v1/snapshot?for=1ms", 0) || answer.status != 200 ||
	    json_read_snapshot(answer.body, answer.length, &s))
		die("no snapshot");
	for (size_t i = 0; i < s->cgroup_count; i++)
		if (!strcmp(s->cgroups[i].path + 1, p->name))
			return s->cgroups[i];
	fprintf(stderr, "burden: the agent does not show the cgroup\n");
	exit(1);
}

/* Within a hundredth of the truth, and `slack`. */
static int judge(const char *what, uint64_t ours, uint64_t truth, uint64_t slack)
{
	uint64_t off = ours > truth ? ours - truth : truth - ours;
	bool good = truth && off <= truth / 100 + slack;

	printf("%s %" PRIu64 " %" PRIu64 "%s\n", what, ours, truth, good ? "" : " WRONG");
	return !good;
}

static void join(const struct place *p)
{
	for (int i = 0; i < CONTROLLERS; i++)
		put(p, i, "cgroup.procs", "0");
}

static void burn(void)
{
	for (uint64_t until = clock_mono_ns() + BURN_NS; clock_mono_ns() < until;)
		;
}

static void touch(char *at, size_t bytes)
{
	for (volatile char *c = at; c < at + bytes; c += 4096)
		*c = 1;
}

static void take_more_than_there_is(void)
{
	char *at = malloc(4 * LIMIT);

	if (at)
		touch(at, 4 * LIMIT);
	free(at);
}

/* Forks a task in the cgroup that takes memory; it says so on the pipe and waits for the other. */
static pid_t take_memory(const struct place *p, const int said[2], const int gate[2])
{
	static char held[TAKEN];
	pid_t child = fork();
	char byte = 0;

	if (child)
		return child;
	close(gate[1]);
	join(p);
	touch(held, sizeof(held));
	if (write(said[1], &byte, 1) != 1 || read(gate[0], &byte, 1) < 0)
		_exit(3);
	take_more_than_there_is();
	_exit(4); /* it had more than there is */
}

static int check_memory(const struct place *p, const char *socket)
{
	struct cgroup_snapshot c = by_us(p, socket);
	const struct cgroup_memory *m = &c.use_total.memory;
	int bad;

	bad = judge("memory_used", m->used_bytes,
		    number_in(p, MEMORY, p->v2 ? "memory.current" : "memory.usage_in_bytes", NULL),
		    MIB / 2);
	bad |= judge("memory_anon", m->anon_bytes, TAKEN, MIB);
	return bad | judge("memory_limit", m->limit_bytes, LIMIT, 0);
}

static int run_out_of_memory(const struct place *p, const char *socket)
{
	int said[2], gate[2], status, bad;
	pid_t child;
	char byte;

	if (pipe2(said, O_CLOEXEC) || pipe2(gate, O_CLOEXEC))
		die("pipe");
	child = take_memory(p, said, gate);
	close(said[1]);
	if (read(said[0], &byte, 1) != 1)
		die("the task that takes memory");
	bad = check_memory(p, socket);
	close(gate[1]); /* go on */
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	close(gate[0]);
	close(said[0]);
	bad |= judge("killed_by_signal", WIFSIGNALED(status) ? (uint64_t)WTERMSIG(status) : 0,
		     SIGKILL, 0);
	return bad;
}

static uint64_t used_by_children_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * NS_PER_SEC +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

static void burn_cpu(const struct place *p)
{
	pid_t child = fork();

	if (!child) {
		join(p);
		burn();
		_exit(0);
	}
	if (waitpid(child, NULL, 0) != child)
		die("waitpid");
}

static int check_all(const struct place *p, const char *socket)
{
	struct cgroup_snapshot c = by_us(p, socket);
	const struct cgroup_use *u = &c.use_total;
	char from[USE_FROM_TEXT];
	int bad;

	printf("hierarchy %s\n", cgroup_use_from(u, from));
	bad = judge("cpu_ns", u->cpu.usage_ns, used_by_children_ns(), 20 * NS_PER_MSEC);
	bad |= judge("cpu_user_and_system_ns", u->cpu.user_ns + u->cpu.system_ns, u->cpu.usage_ns,
		     20 * NS_PER_MSEC);
	bad |= judge("cpu_file_ns", u->cpu.usage_ns,
		     p->v2 ? number_in(p, CPU, "cpu.stat", "usage_usec") * 1000
			   : number_in(p, CPUACCT, "cpuacct.usage", NULL),
		     0);
	bad |= judge("throttled_ns", u->throttling.throttled_ns,
		     p->v2 ? number_in(p, CPU, "cpu.stat", "throttled_usec") * 1000
			   : number_in(p, CPU, "cpu.stat", "throttled_time"),
		     0);
	bad |= judge("throttled_at_least_ns", u->throttling.throttled_ns < BURN_NS / 2 ? 0 : 1, 1,
		     0);
	if (p->v2) /* it had stood still for its quota */
		bad |= judge("pressure_cpu_ns", u->pressure[PRESSURE_CPU].some_ns,
			     stalled_us(p, "cpu.pressure") * 1000, 20 * NS_PER_MSEC);
	bad |= judge("memory_peak", u->memory.peak_bytes,
		     p->v2 && access("/sys/fs/cgroup/memory.peak", F_OK) ? u->memory.peak_bytes
									 : LIMIT,
		     0);
	bad |= judge("oom_kills", u->memory.oom_kills, 1, 0);
	return bad | judge("limit_hits", u->memory.limit_hits,
			   p->v2 ? number_in(p, MEMORY, "memory.events", "max ")
				 : number_in(p, MEMORY, "memory.failcnt", NULL),
			   0);
}

int main(int argc, char **argv)
{
	struct place p = { 0 };
	int bad;

	if (argc != 2) {
		fprintf(stderr, "usage: burden SOCKET\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	make(&p);
	limit(&p);
	burn_cpu(&p);
	bad = run_out_of_memory(&p, argv[1]);
	bad |= check_all(&p, argv[1]);
	remove_all(&p);
	return bad;
}
