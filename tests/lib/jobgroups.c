/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobgroups: a warden's groups on this machine's real cgroups, asked for as a nursery does.  The
 * warden is a process of its own: user 0 with no capability.  What is put into groups is of the
 * job's user in namespaces of its own.  GROUPS_DISK names a block device or a file on a disk to
 * read from; without one a file is made here.  With GROUPS_SETUID the warden keeps CAP_SETUID.  Prints TAP, and what each wish takes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/fs.h"
#include "agent/sandbox/group.h"
#include "agent/sandbox/group_client.h"
#include "agent/sandbox/group_files.h"
#include "agent/sandbox/group_host.h"
#include "agent/warden/groups.h"
#include "agent/wire/group.h"
#include "tests/lib/test.h"

enum { JOB_USER = 64991, ORDINARY = 64980, SERVED_AT_ONCE = 8 };

#define MIB  (1ull << 20)
#define DISK (8 * MIB) /* what is read of it */

/* --- a warden, and the nursery's end of it --- */

/* An error that nobody expected says which it is. */
static int told(int r)
{
	if (r)
		printf("# %s\n", strerror(-r));
	return r;
}

struct warden {
	struct groups_ground *ground;
	pid_t pid;
	struct group_client client;
};

static int give_up_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct left[2] = { 0 };

	if (getenv("GROUPS_SETUID"))
		left[0].effective = left[0].permitted = 1u << CAP_SETUID;
	return (int)syscall(SYS_capset, &header, left);
}

static void be_warden(int socket)
{
	struct pollfd ready = { .fd = socket, .events = POLLIN };
	struct groups *g = NULL;
	int r = 0;

	prctl(PR_SET_DUMPABLE, 0);
	if (give_up_capabilities() || groups_new(&g, JOB_USER))
		_exit(1);
	while (!r && poll(&ready, 1, -1) == 1)
		r = groups_serve(g, socket);
	groups_free(g);
	_exit(r == -EPIPE ? 0 : 1);
}

static int begin(struct warden *w)
{
	int ends[2];

	int r = groups_ground_new(&w->ground);

	if (r || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return r ? r : -errno;
	w->pid = fork();
	if (w->pid == 0) {
		close(ends[0]);
		be_warden(ends[1]);
	}
	close(ends[1]);
	w->client = (struct group_client){ .socket = ends[0] };
	return 0;
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static int finish(struct warden *w)
{
	int status;

	close(w->client.socket);
	status = status_of(w->pid);
	w->ground = groups_ground_free(w->ground);
	return status;
}

/* --- a job: a process of the job's user in a user and a pid namespace of its own --- */

typedef int (*job_body)(uint64_t argument);

struct job {
	pid_t pid;
	int pidfd;
	int go; /* closed: it may begin */
};

static void become(uid_t user)
{
	if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user))
		_exit(99);
}

static void run_body(const int go[2], job_body body, uint64_t argument)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(go[1]);
	(void)!read(go[0], &byte, 1);
	_exit(body(argument));
}

/* As a child of ours, though made by who is the job's user already. */
static int job_start_in(struct job *j, uint64_t namespaces, job_body body, uint64_t argument)
{
	struct clone_args args = { .flags = namespaces | CLONE_PARENT };
	int go[2], told[2];
	pid_t maker;

	if (pipe2(go, O_CLOEXEC) || pipe2(told, O_CLOEXEC))
		return -errno;
	maker = fork();
	if (maker == 0) {
		become(JOB_USER);
		j->pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		if (j->pid == 0)
			run_body(go, body, argument);
		_exit(write(told[1], &j->pid, sizeof(j->pid)) == sizeof(j->pid) ? 0 : 1);
	}
	close(told[1]);
	close(go[0]);
	j->go = go[1];
	if (read(told[0], &j->pid, sizeof(j->pid)) != sizeof(j->pid) || j->pid < 0)
		return -ECHILD;
	close(told[0]);
	(void)status_of(maker);
	j->pidfd = (int)syscall(SYS_pidfd_open, j->pid, 0);
	return j->pidfd < 0 ? -errno : 0;
}

static int job_start(struct job *j, job_body body, uint64_t argument)
{
	return job_start_in(j, CLONE_NEWUSER | CLONE_NEWPID, body, argument);
}

static void job_go(struct job *j)
{
	close(j->go);
}

static int job_wait(struct job *j)
{
	close(j->pidfd);
	return status_of(j->pid);
}

/* Made, put, run to its end. */
static int job_run(struct warden *w, uint32_t id, job_body body, uint64_t argument, int *status)
{
	struct job j;
	int r = job_start(&j, body, argument);

	if (!r)
		r = group_ask_put(&w->client, id, j.pidfd);
	if (r)
		return r;
	job_go(&j);
	*status = job_wait(&j);
	return 0;
}

static int end_at_once(uint64_t unused)
{
	(void)unused;
	return 0;
}

__attribute__((noreturn)) static int wait_forever(uint64_t unused)
{
	(void)unused;
	for (;;)
		pause();
}

static int use_memory(uint64_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return 1;
	for (uint64_t i = 0; i < bytes; i += 4096)
		((volatile char *)at)[i] = 1;
	return 0;
}

static int use_cpu(uint64_t ns)
{
	uint64_t spent = 0;

	while (spent < ns)
		spent = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	return 0;
}

/* How many of so many could not be made. */
static int fork_many(uint64_t count)
{
	int refused = 0;

	for (uint64_t i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			wait_forever(0);
		refused += pid < 0;
	}
	return refused;
}

/* All the time two for one; what cannot be made is tried again. */
__attribute__((noreturn)) static void fork_bomb(void)
{
	for (;;)
		if (fork() < 0)
			sched_yield();
}

/* A bomb that waits for SIGCONT, in a namespace whose first process outlives it. */
static int bear_bomb(uint64_t unused)
{
	if (fork() == 0) {
		raise(SIGSTOP);
		fork_bomb();
	}
	for (;;) {
		(void)unused;
		while (waitpid(-1, NULL, 0) > 0)
			;
		pause();
	}
}

static pid_t only_child_of(pid_t pid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	return fs_read(path, text, sizeof(text)) > 0 ? atoi(text) : 0;
}

static int disk = -1; /* opened O_DIRECT before any job is made */

static int read_disk(uint64_t bytes)
{
	enum { STEP = 64 << 10 };
	void *buffer = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (uint64_t at = 0; at < bytes; at += STEP)
		if (pread(disk, buffer, STEP, (off_t)at) != STEP)
			return 1;
	return 0;
}

/* --- what is left on the machine --- */

static int count_entries(const char *folder, const char *maker)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += !strncmp(entry->d_name, maker, strlen(maker));
	if (dir)
		closedir(dir);
	return count;
}

/* Places of groups that this process made. */
static int groups_of(pid_t maker)
{
	struct group_host host;
	char name[16];
	int count = 0;

	snprintf(name, sizeof(name), "%d.", (int)maker);
	if (group_host_find(&host))
		return -1;
	for (size_t i = 0; i < host.base_count; i++)
		count += count_entries(host.bases[i].path, name);
	return count;
}

static bool has(enum group_controller c)
{
	struct group_host host;

	return group_host_find(&host) == 0 && host.at[c] >= 0;
}

/* --- the claims --- */

static int limits_hold_and_what_was_used_is_told(void)
{
	const struct group_limits limits = { .memory_bytes = 32 * MIB, .processes = 10 };
	const struct group_limits slow = { .cpu_thousandths = 250 };
	struct group_usage used;
	struct warden w;
	int status = -1;
	uint32_t id = 0;
	uint64_t began;

	if (!has(GROUP_MEMORY) || !has(GROUP_CPU) || !has(GROUP_PIDS))
		SKIP("a controller is missing");
	CHECK(begin(&w) == 0);
	CHECK(group_ask_new(&w.client, &limits, &id) == 0 && id == 1);
	CHECK(told(job_run(&w, id, use_memory, 16 * MIB, &status)) == 0 && status == 0);
	CHECK(told(group_ask_use(&w.client, id, &used)) == 0);
	CHECK(used.memory_peak >= 16 * MIB && used.memory_peak < 24 * MIB);
	CHECK(used.memory_kills == 0 && used.refused_processes == 0 && used.throttled_ns == 0);

	CHECK(job_run(&w, id, use_memory, 64 * MIB, &status) == 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(group_ask_use(&w.client, id, &used) == 0 && used.memory_kills >= 1);
	CHECK(used.memory_peak > 24 * MIB && used.memory_peak <= 32 * MIB);

	CHECK(told(group_ask_reset(&w.client, id)) == 0);
	CHECK(job_run(&w, id, fork_many, 12, &status) == 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3); /* it is one of ten itself */
	CHECK(group_ask_use(&w.client, id, &used) == 0 && used.refused_processes == 3);

	CHECK(told(group_ask_reset(&w.client, id)) == 0);
	CHECK(told(group_ask_limit(&w.client, id, &slow)) == 0);
	began = clock_mono_ns();
	CHECK(job_run(&w, id, use_cpu, 200 * NS_PER_MSEC, &status) == 0 && status == 0);
	CHECK(clock_mono_ns() - began > 500 * NS_PER_MSEC); /* 800 but for its first period */
	CHECK(told(group_ask_use(&w.client, id, &used)) == 0);
	CHECK(used.user_ns + used.system_ns > 190 * NS_PER_MSEC);
	CHECK(used.user_ns + used.system_ns < 400 * NS_PER_MSEC);
	CHECK(used.throttled_ns > 300 * NS_PER_MSEC);
	CHECK(finish(&w) == 0);
	return 0;
}

static int open_disk(void)
{
	CLEANUP(freep) char *bytes = calloc(1, DISK);
	const char *named = getenv("GROUPS_DISK");
	char path[64] = "./groups-XXXXXX";

	if (named)
		return open(named, O_RDONLY | O_DIRECT | O_CLOEXEC);
	disk = mkstemp(path);
	if (disk < 0 || write(disk, bytes, DISK) != (ssize_t)DISK || fsync(disk))
		return -1;
	close(disk);
	disk = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	unlink(path);
	return disk;
}

static int disks_are_read_no_faster_than_may_be(void)
{
	const struct group_limits fast = { 0 }, slow = { .read_bytes = DISK },
				  few = { .reads = 64 };
	const struct group_limits *const all[] = { &fast, &slow, &few, &fast };
	struct group_usage used;
	struct warden w;
	uint32_t id = 0;
	int status = -1;

	disk = open_disk();
	if (!has(GROUP_IO) || disk < 0)
		SKIP("no disk can be read directly, or no controller of it");
	CHECK(begin(&w) == 0);
	CHECK(told(group_ask_new(&w.client, &fast, &id)) == 0);
	for (int i = 0; i < 4; i++) {
		uint64_t began = clock_mono_ns(), took;

		CHECK(told(group_ask_limit(&w.client, id, all[i])) == 0);
		CHECK(job_run(&w, id, read_disk, DISK, &status) == 0 && status == 0);
		took = clock_mono_ns() - began;
		CHECK(told(group_ask_use(&w.client, id, &used)) == 0);
		printf("# read %" PRIu64 " bytes by %" PRIu64 " in %.0f ms\n", used.read_bytes,
		       used.reads, (double)took / 1e6);
		/* 8 MiB are 1 s of 8 MiB/s, and 128 reads 2 s of 64 */
		CHECK(all[i] == &fast || took > 700 * NS_PER_MSEC);
		if (i) /* version 1 counts from the first limit of a disk on */
			CHECK(used.read_bytes == DISK && used.reads >= 8);
		CHECK(told(group_ask_reset(&w.client, id)) == 0);
	}
	close(disk);
	CHECK(finish(&w) == 0);
	return 0;
}

/* What only ever grows; group_use() counts from the reset on. */
static bool only_grows(const char *file)
{
	static const char *const files[] = {
		"cgroup.stat",
		"cgroup.stat.local",
		"cpu.stat",
		"cpu.stat.local",
		"memory.stat",
		"memory.events",
		"memory.events.local",
		"memory.numa_stat",
		"memory.peak",
		"memory.swap.peak",
		"memory.swap.events",
		"pids.events",
		"pids.events.local",
		"pids.peak",
		"io.stat",
		"memory.oom_control",
		"cpuacct.stat",
		"cpuacct.usage",
		"cpuacct.usage_all",
		"cpuacct.usage_percpu",
		"cpuacct.usage_percpu_sys",
		"cpuacct.usage_percpu_user",
		"cpuacct.usage_sys",
		"cpuacct.usage_user",
		"misc.events",
		"misc.events.local",
		"misc.peak",
		"rdma.events",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(file, files[i]))
			return true;
	return strstr(file, ".pressure") || strstr(file, "throttle.io_serv") ||
	       strstr(file, "hugetlb") || strstr(file, "bfq.io_serv") ||
	       !strcmp(file, "memory.kmem.slabinfo");
}

/* Bytes that may stay charged to an empty group: a CPU's stock of pages, tables of slabs. */
static bool is_charge(const char *file)
{
	return strstr(file, "usage_in_bytes") || !strcmp(file, "memory.current");
}

static bool are_alike(const char *file, const char *a, const char *b)
{
	if (!is_charge(file))
		return !strcmp(a, b);
	return strtoull(a, NULL, 10) <= MIB && strtoull(b, NULL, 10) <= MIB;
}

static int compare_places(const struct group_place *a, const struct group_place *b)
{
	DIR *dir = opendir(a->path);
	int compared = 0, different = 0;
	char left[16384], right[16384];
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *file = entry->d_name;

		if (entry->d_type == DT_DIR || only_grows(file) ||
		    group_read(a->path, file, left, sizeof(left)) < 0)
			continue;
		if (group_read(b->path, file, right, sizeof(right)) < 0)
			snprintf(right, sizeof(right), "none");
		compared++;
		if (!are_alike(file, left, right)) {
			printf("# %s: '%s' in the fresh one, else '%s'\n", file, left, right);
			different++;
		}
	}
	if (dir)
		closedir(dir);
	return compared ? different : -1;
}

static int compare_groups(const struct sandbox_group *a, const struct sandbox_group *b)
{
	struct group_place left, right;
	int different = 0;

	for (size_t i = 0; i < a->host->base_count; i++) {
		CHECK(group_place(a, i, &left) && group_place(b, i, &right));
		different += compare_places(&left, &right);
	}
	CHECK(different == 0);
	return 0;
}

static int put_and_run(const struct sandbox_group *g, job_body body, uint64_t argument)
{
	struct job j;

	CHECK(job_start(&j, body, argument) == 0);
	CHECK(told(group_put(g, j.pid)) == 0);
	job_go(&j);
	CHECK(job_wait(&j) >= 0);
	return 0;
}

/* Without this room's own help: one group is asked what the files of another say. */
static int reset_leaves_a_group_as_fresh(void)
{
	const struct group_limits first = { .memory_bytes = 64 * MIB,
					    .cpu_thousandths = 1500,
					    .processes = 20 };
	const struct group_limits other = { .memory_bytes = 16 * MIB,
					    .swap_bytes = MIB,
					    .cpu_thousandths = 500,
					    .processes = 5,
					    .written_bytes = MIB,
					    .reads = 1000 };
	struct sandbox_group used, fresh;
	struct group_usage usage;
	struct group_host host;

	CHECK(told(group_host_find(&host)) == 0);
	CHECK(told(group_make(&used, &host, &first)) == 0);
	for (int round = 0; round < 3; round++) {
		CHECK(told(group_limit(&used, &other)) == 0);
		CHECK(put_and_run(&used, use_memory, 64 * MIB) == 0); /* is killed */
		CHECK(put_and_run(&used, fork_many, 10) == 0);
		CHECK(put_and_run(&used, use_cpu, 60 * NS_PER_MSEC) == 0);
		CHECK(group_use(&used, &usage) == 0 && usage.memory_kills && usage.memory_peak);
		CHECK(told(group_reset(&used)) == 0);
		CHECK(told(group_make(&fresh, &host, &first)) == 0);
		CHECK(compare_groups(&fresh, &used) == 0);
		CHECK(told(group_use(&used, &usage)) == 0);
		CHECK(usage.user_ns == 0 && usage.system_ns == 0 && usage.throttled_ns == 0);
		CHECK(usage.memory_kills == 0 && usage.refused_processes == 0);
		CHECK(usage.memory_peak <= MIB && usage.read_bytes == 0 && usage.writes == 0);
		CHECK(told(group_remove(&fresh)) == 0);
	}
	printf("# used again as %s\n", used.peak >= 0 ? "it was, its peak begun anew" : used.name);
	CHECK(told(group_remove(&used)) == 0);
	return 0;
}

static int a_fork_bomb_is_ended_whole(void)
{
	const struct group_limits limits = { .processes = 300, .cpu_thousandths = 1000 };
	const struct timespec moment = { .tv_nsec = 10000000 };
	struct warden w;
	CLEANUP(closep) int pidfd = -1;
	struct group_usage used = { 0 };
	struct job j;
	uint64_t began;
	uint32_t id = 0;
	pid_t bomb = 0;
	int r;

	CHECK(begin(&w) == 0);
	CHECK(told(group_ask_new(&w.client, &limits, &id)) == 0);
	CHECK(job_start(&j, bear_bomb, 0) == 0);
	job_go(&j);
	for (int i = 0; i < 2000 && !(bomb = only_child_of(j.pid)); i++)
		nanosleep(&moment, NULL);
	pidfd = (int)syscall(SYS_pidfd_open, bomb, 0);
	CHECK(told(group_ask_put(&w.client, id, pidfd)) == 0);
	do {                               /* until it is at its limit */
		(void)kill(bomb, SIGCONT); /* it may not have stopped yet */
		nanosleep(&moment, NULL);
		CHECK(told(group_ask_use(&w.client, id, &used)) == 0);
	} while (!used.refused_processes);
	began = clock_mono_ns();
	while ((r = group_ask_reset(&w.client, id)) == -EBUSY)
		;
	CHECK(r == 0);
	printf("# 300 processes that fork all the time are ended within %.1f ms\n",
	       (double)(clock_mono_ns() - began) / 1e6);
	CHECK(group_ask_use(&w.client, id, &used) == 0 && used.refused_processes == 0);
	while (only_child_of(j.pid)) /* reaped one by one */
		nanosleep(&moment, NULL);
	CHECK(waitpid(j.pid, NULL, WNOHANG) == 0); /* it was not in it */
	CHECK(kill(j.pid, SIGKILL) == 0 && WTERMSIG(job_wait(&j)) == SIGKILL);
	CHECK(finish(&w) == 0);
	return 0;
}

static int only_a_nurserys_processes_are_moved(void)
{
	const struct group_limits none = { 0 };
	CLEANUP(closep) int init = (int)syscall(SYS_pidfd_open, 1, 0);
	CLEANUP(closep) int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	CLEANUP(closep) int file = open("/proc/self/status", O_RDONLY);
	struct job bare, dead, good;
	struct warden w;
	uint32_t id = 0;

	CHECK(begin(&w) == 0);
	CHECK(told(group_ask_new(&w.client, &none, &id)) == 0);
	CHECK(group_ask_put(&w.client, id, init) == -EPERM);
	CHECK(group_ask_put(&w.client, id, self) == -EPERM);
	CHECK(group_ask_put(&w.client, id, file) == -EBADF);
	CHECK(job_start_in(&bare, 0, wait_forever, 0) == 0); /* the user's, beside all others */
	CHECK(group_ask_put(&w.client, id, bare.pidfd) == -EPERM);
	CHECK(job_start(&dead, end_at_once, 0) == 0);
	job_go(&dead);
	CHECK(status_of(dead.pid) == 0);
	CHECK(group_ask_put(&w.client, id, dead.pidfd) == -ESRCH);
	close(dead.pidfd);
	CHECK(job_start(&good, wait_forever, 0) == 0);
	CHECK(group_ask_put(&w.client, id + 1, good.pidfd) == -ENOENT);
	CHECK(group_ask_put(&w.client, 0, good.pidfd) == -ENOENT);
	CHECK(group_ask_put(&w.client, UINT32_MAX, good.pidfd) == -ENOENT);
	CHECK(told(group_ask_put(&w.client, id, good.pidfd)) == 0);
	CHECK(told(group_ask_free(&w.client, id)) == 0);
	CHECK(WTERMSIG(job_wait(&good)) == SIGKILL);
	CHECK(kill(bare.pid, 0) == 0 && kill(bare.pid, SIGKILL) == 0);
	CHECK(WTERMSIG(job_wait(&bare)) == SIGKILL);
	CHECK(finish(&w) == 0);
	return 0;
}

static int what_makes_no_sense_is_refused(void)
{
	const struct group_limits none = { 0 };
	const struct group_limits wrong[] = {
		{ .memory_bytes = 4096 },     { .memory_bytes = UINT64_MAX },
		{ .swap_bytes = UINT64_MAX }, { .cpu_thousandths = 1 },
		{ .processes = 1ull << 40 },  { .reads = UINT64_MAX }
	};
	struct group_usage used;
	struct warden w;
	uint32_t id = 0;

	CHECK(begin(&w) == 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(group_ask_new(&w.client, &wrong[i], &id) == -EINVAL);
	CHECK(group_ask_new(&w.client, &none, &id) == 0 && id == 1);
	CHECK(group_ask_limit(&w.client, id, &wrong[0]) == -EINVAL);
	CHECK(group_ask_free(&w.client, id) == 0);
	CHECK(group_ask_free(&w.client, id) == -ENOENT);
	CHECK(group_ask_use(&w.client, id, &used) == -ENOENT);
	CHECK(send(w.client.socket, "nonsense", 8, 0) == 8);
	CHECK(group_ask_new(&w.client, &none, &id) == -EPIPE);
	CHECK(WEXITSTATUS(finish(&w)) == 1);
	CHECK(groups_of(w.pid) == 0);
	return 0;
}

static int as_many_as_may_be_leave_nothing(void)
{
	const struct group_limits limits = { .memory_bytes = 64 * MIB, .processes = 64 };
	struct warden w;
	uint32_t id = 0, ids[500];

	CHECK(begin(&w) == 0);
	for (int i = 0; i < 500; i++)
		CHECK(told(group_ask_new(&w.client, &limits, &ids[i])) == 0);
	CHECK(groups_of(w.pid) >= 500);
	for (int i = 0; i < 500; i++)
		CHECK(told(group_ask_free(&w.client, ids[i])) == 0);
	CHECK(groups_of(w.pid) == 0);
	for (int i = 0; i < GROUP_MOST; i++)
		CHECK(told(group_ask_new(&w.client, &limits, &id)) == 0);
	CHECK(group_ask_new(&w.client, &limits, &id) == -ENOSPC);
	CHECK(told(group_ask_free(&w.client, 7)) == 0);
	CHECK(group_ask_new(&w.client, &limits, &id) == 0 && id == 7);
	CHECK(finish(&w) == 0); /* by hanging up */
	CHECK(groups_of(w.pid) == 0);
	return 0;
}

static int a_killed_wardens_groups_are_swept(void)
{
	const struct group_limits limits = { .processes = 64 };
	struct sandbox_group ours;
	struct group_host host;
	struct warden w;
	struct job j;
	uint32_t id = 0;

	CHECK(groups_sweep() >= 0); /* of others */
	CHECK(group_host_find(&host) == 0 && group_make(&ours, &host, &limits) == 0);
	CHECK(begin(&w) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(told(group_ask_new(&w.client, &limits, &id)) == 0);
	CHECK(job_start(&j, wait_forever, 0) == 0);
	CHECK(told(group_ask_put(&w.client, id, j.pidfd)) == 0);
	CHECK(groups_sweep() == 0); /* of who lives nothing is taken */
	CHECK(kill(w.pid, SIGKILL) == 0);
	CHECK(WTERMSIG(finish(&w)) == SIGKILL);
	CHECK(groups_sweep() == 3);
	CHECK(WTERMSIG(job_wait(&j)) == SIGKILL);
	CHECK(groups_sweep() == 0);
	CHECK(groups_of(w.pid) == 0);
	CHECK(groups_of(getpid()) == (int)host.base_count);
	CHECK(told(group_remove(&ours)) == 0);
	CHECK(groups_of(getpid()) == 0);
	return 0;
}

/* A pid that is alive, but did not begin when the name says. */
static int a_pid_used_again_is_not_taken_for_its_first(void)
{
	struct group_host host;
	char name[GROUP_NAME];
	uint64_t space;
	int pid;

	CHECK(told(group_host_find(&host)) == 0);
	snprintf(name, sizeof(name), "%s.5", host.maker);
	CHECK(!group_host_maker_is_gone(&host, name));
	CHECK(sscanf(host.maker, "%d.%*u.%" SCNx64, &pid, &space) == 2 && pid == (int)getpid());
	snprintf(name, sizeof(name), "%d.1.%" PRIx64 ".5", pid, space);
	CHECK(group_host_maker_is_gone(&host, name));
	snprintf(name, sizeof(name), "%d.1.%" PRIx64 ".5", pid, space + 1); /* who knows */
	CHECK(!group_host_maker_is_gone(&host, name));
	CHECK(!group_host_maker_is_gone(&host, "4194303.5") &&
	      !group_host_maker_is_gone(&host, ".."));
	return 0;
}

/* --- an ordinary user with a part of version 2 of its own, as of systemd's Delegate=yes --- */

static int give_to_ordinary(const char *folder)
{
	static const char *const files[] = { "", "/cgroup.procs", "/cgroup.subtree_control",
					     "/cgroup.threads" };
	char path[GROUP_PLACE];

	if (mkdir(folder, 0755) && errno != EEXIST)
		return -errno;
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", folder, files[i]);
		if (chown(path, ORDINARY, ORDINARY))
			return -errno;
	}
	return 0;
}

/* Errno of making one as who is in that folder; its place has to be where it is wanted. */
static int make_as_ordinary(const char *in, const char *wanted_base)
{
	const struct group_limits limits = { .memory_bytes = 64 * MIB, .processes = 10 };
	struct sandbox_group g;
	struct group_host host;
	pid_t pid = fork();
	int r;

	if (pid)
		return WEXITSTATUS(status_of(pid));
	if (group_write(in, "cgroup.procs", "0"))
		_exit(200);
	become(ORDINARY);
	prctl(PR_SET_DUMPABLE, 1);
	if (group_host_find(&host) || strcmp(host.bases[0].path, wanted_base))
		_exit(201);
	r = group_make(&g, &host, &limits);
	if (!r)
		r = group_remove(&g);
	_exit(-r);
}

static int ordinary_users_get_groups_where_they_were_given_some(void)
{
	char mount[GROUP_PATH], top[GROUP_PATH], leaf[GROUP_PATH + 32], base[GROUP_PATH + 32];
	struct group_host host;

	CHECK(told(group_host_find(&host)) == 0);
	if (!host.base_count || host.bases[0].version != 2 || host.at[GROUP_MEMORY] != 0)
		SKIP("no controllers in version 2");
	snprintf(mount, sizeof(mount), "%s", host.bases[0].path);
	*strrchr(mount, '/') = '\0';
	snprintf(top, sizeof(top), "%.100s/own", mount);
	snprintf(leaf, sizeof(leaf), "%s/agent", top);
	CHECK(give_to_ordinary(top) == 0);
	CHECK(told(group_write(mount, "cgroup.subtree_control", "+memory +pids +cpu +io")) == 0);

	/* We are in the top itself: no limits may be had below it. */
	snprintf(base, sizeof(base), "%s/fairlead-jobs", top);
	CHECK(make_as_ordinary(top, base) == EBUSY);
	CHECK(access(base, F_OK));
	/* We are in a leaf of it. */
	CHECK(give_to_ordinary(leaf) == 0);
	CHECK(make_as_ordinary(leaf, base) == 0);
	CHECK(access(base, F_OK));
	CHECK(rmdir(leaf) == 0 && rmdir(top) == 0);
	return 0;
}

/* --- what it takes --- */

struct took {
	uint64_t sum, most, first;
	int count;
};

static void add(struct took *t, uint64_t began)
{
	uint64_t ns = clock_mono_ns() - began;

	if (!t->count++)
		t->first = ns;
	t->sum += ns;
	t->most = ns > t->most ? ns : t->most;
}

static void tell(const char *what, const struct took *t)
{
	printf("# %-6s first %6.0f us, mean %6.0f us, most %6.0f us (%d)\n", what,
	       (double)t->first / 1e3, (double)t->sum / t->count / 1e3, (double)t->most / 1e3,
	       t->count);
}

static int each_wish_takes_so_long(void)
{
	enum { COUNT = 64 };
	const struct group_limits limits = { .memory_bytes = 256 * MIB,
					     .cpu_thousandths = 1000,
					     .processes = 64 };
	const struct timespec idle = {
		.tv_nsec = 200000000
	}; /* what a grace period is long over in */
	struct took made = { 0 }, put = { 0 }, use = { 0 }, empty = { 0 }, reset = { 0 },
		    freed = { 0 };
	struct job jobs[COUNT];
	uint32_t ids[COUNT];
	struct warden w;
	uint64_t began;

	CHECK(begin(&w) == 0);
	for (int i = 0; i < COUNT; i++) {
		CHECK(job_start(&jobs[i], wait_forever, 0) == 0);
		began = clock_mono_ns();
		CHECK(told(group_ask_new(&w.client, &limits, &ids[i])) == 0);
		add(&made, began);
	}
	nanosleep(&idle, NULL);
	for (int i = 0; i < COUNT; i++) {
		began = clock_mono_ns();
		CHECK(told(group_ask_put(&w.client, ids[i], jobs[i].pidfd)) == 0);
		add(&put, began);
	}
	for (int i = 0; i < COUNT; i++) {
		struct group_usage used;

		began = clock_mono_ns();
		CHECK(told(group_ask_use(&w.client, ids[i], &used)) == 0);
		add(&use, began);
		began = clock_mono_ns();
		CHECK(told(group_ask_reset(&w.client, ids[i])) == 0);
		add(&reset, began);
		began = clock_mono_ns();
		CHECK(told(group_ask_reset(&w.client, ids[i])) == 0);
		add(&empty, began);
		(void)job_wait(&jobs[i]);
	}
	for (int i = 0; i < COUNT; i++) {
		began = clock_mono_ns();
		CHECK(told(group_ask_free(&w.client, ids[i])) == 0);
		add(&freed, began);
	}
	tell("NEW", &made);
	tell("PUT", &put);
	tell("USE", &use);
	tell("RESET", &reset);
	tell("again", &empty);
	tell("FREE", &freed);
	CHECK(finish(&w) == 0);
	return 0;
}

TEST_MAIN({ "limits hold, and what was used is told", limits_hold_and_what_was_used_is_told },
	  { "disks are read no faster than may be", disks_are_read_no_faster_than_may_be },
	  { "a group that was reset is as fresh", reset_leaves_a_group_as_fresh },
	  { "a fork bomb is ended whole", a_fork_bomb_is_ended_whole },
	  { "only a nursery's processes are moved", only_a_nurserys_processes_are_moved },
	  { "what makes no sense is refused", what_makes_no_sense_is_refused },
	  { "as many groups as may be leave nothing", as_many_as_may_be_leave_nothing },
	  { "a killed warden's groups are swept, with what is in them",
	    a_killed_wardens_groups_are_swept },
	  { "a pid that is used again is not taken for its first",
	    a_pid_used_again_is_not_taken_for_its_first },
	  { "ordinary users get groups where they were given some",
	    ordinary_users_get_groups_where_they_were_given_some },
	  { "each wish is answered", each_wish_takes_so_long })
