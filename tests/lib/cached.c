/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cached SOCKET FILE [SLACK]: known use of the page cache by a process in a cgroup of its own, on
 * FILE (made if need be; a block device will do, and loses what is on it), and what the agent
 * counted for the cgroup beside what was done.  Prints `step counter OURS TRUE` a line; exit
 * status 1 when one is off by more than SLACK, which is for the file system's own pages, or by
 * what the kernel may leave out (bpf/cache/cache.bpf.c).
 *
 * The process is the only one in its cgroup, and waits for us between the steps.  What a step
 * finds in memory is asked of mincore(): a machine may have reclaimed some of it in the meantime,
 * which then is not there to be evicted, and has to be read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/lib/own_cgroup.h"

#define PAGE   4096ull
#define PAGES  16384ull /* 64 MiB */
#define RANDOM 2000ull
#define STRIDE 5 /* so that readahead, where there is some, does not bring the next one */

#define TRUTHS 4

struct file {
	const char *path;
	int fd;
	char *buffer; /* 1 MiB */
};

/* How many of its pages are in memory, whoever brought them. */
static uint64_t resident(const struct file *f)
{
	static unsigned char is_in[PAGES];
	char *at = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, f->fd, 0);
	uint64_t pages = 0;

	if (at == MAP_FAILED || mincore(at, PAGES * PAGE, is_in))
		die("mincore");
	munmap(at, PAGES * PAGE);
	for (size_t i = 0; i < PAGES; i++)
		pages += is_in[i] & 1;
	return pages;
}

static void evict(const struct file *f)
{
	if (fsync(f->fd) || posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED))
		die("fsync");
}

static void fill(const struct file *f)
{
	memset(f->buffer, 'x', 256 * PAGE);
	for (uint64_t at = 0; at < PAGES; at += 256)
		if (pwrite(f->fd, f->buffer, 256 * PAGE, (off_t)(at * PAGE)) != 256 * PAGE)
			die("pwrite");
	evict(f);
}

static void read_through(const struct file *f, size_t bytes)
{
	if (lseek(f->fd, 0, SEEK_SET) || posix_fadvise(f->fd, 0, 0, POSIX_FADV_NORMAL))
		die("lseek");
	for (uint64_t left = PAGES * PAGE; left; left -= bytes)
		if (read(f->fd, f->buffer, bytes) != (ssize_t)bytes)
			die("read");
}

static void read_small(const struct file *f)
{
	read_through(f, PAGE);
}

static void read_large(const struct file *f)
{
	read_through(f, 256 * PAGE);
}

static off_t scattered(uint64_t i)
{
	return (off_t)((i * 7919) % RANDOM * STRIDE * PAGE);
}

static void read_random(const struct file *f)
{
	if (posix_fadvise(f->fd, 0, 0, POSIX_FADV_RANDOM))
		die("fadvise");
	for (uint64_t i = 0; i < RANDOM; i++)
		if (pread(f->fd, f->buffer, PAGE, scattered(i)) != (ssize_t)PAGE)
			die("pread");
}

static void touch(const struct file *f, int advice, uint64_t pages)
{
	char *at = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, f->fd, 0);
	unsigned int sum = 0;

	if (at == MAP_FAILED || madvise(at, PAGES * PAGE, advice))
		die("mmap");
	for (uint64_t i = 0; i < pages; i++)
		sum += (unsigned char)at[advice == MADV_RANDOM ? (uint64_t)scattered(i) : i * PAGE];
	munmap(at, PAGES * PAGE);
	if (sum != pages * 'x')
		die("the file's content");
}

static void map_all(const struct file *f)
{
	touch(f, MADV_NORMAL, PAGES);
}

static void map_random(const struct file *f)
{
	touch(f, MADV_RANDOM, RANDOM);
}

static void change(const struct file *f)
{
	for (uint64_t i = 0; i < RANDOM; i++)
		if (pwrite(f->fd, f->buffer, PAGE, scattered(i)) != (ssize_t)PAGE)
			die("pwrite");
}

static const struct step {
	const char *name;
	void (*act)(const struct file *f);
	struct truth {
		enum cache_count count;
		uint64_t value;
	} truths[TRUTHS];
	int known;            /* of the truths */
	uint64_t should_find; /* pages of it in memory */
} steps[] = {
	{ "fill", fill, { { CACHE_FILLS, PAGES }, { CACHE_EVICTIONS, PAGES } }, 2, 0 },
	{ "cold 4k", read_small, { { CACHE_ACCESSES, PAGES }, { CACHE_FILLS, PAGES } }, 2, 0 },
	{ "warm 4k",
	  read_small,
	  { { CACHE_ACCESSES, PAGES },
	    { CACHE_READS, PAGES },
	    { CACHE_FILLS, 0 },
	    { CACHE_MISSES, 0 } },
	  4,
	  PAGES },
	{ "warm 1M",
	  read_large,
	  { { CACHE_ACCESSES, PAGES },
	    { CACHE_READS, PAGES / 256 },
	    { CACHE_FILLS, 0 },
	    { CACHE_MISSES, 0 } },
	  4,
	  PAGES },
	{ "evict", evict, { { CACHE_EVICTIONS, PAGES }, { CACHE_ACCESSES, 0 } }, 2, PAGES },
	{ "cold 1M", read_large, { { CACHE_ACCESSES, PAGES }, { CACHE_FILLS, PAGES } }, 2, 0 },
	{ "evict", evict, { { CACHE_EVICTIONS, PAGES } }, 1, PAGES },
	{ "random",
	  read_random,
	  { { CACHE_ACCESSES, RANDOM }, { CACHE_MISSES, RANDOM }, { CACHE_FILLS, RANDOM } },
	  3,
	  0 },
	{ "again",
	  read_random,
	  { { CACHE_ACCESSES, RANDOM }, { CACHE_MISSES, 0 }, { CACHE_FILLS, 0 } },
	  3,
	  RANDOM },
	{ "evict", evict, { { CACHE_EVICTIONS, RANDOM } }, 1, RANDOM },
	{ "mmap", map_all, { { CACHE_ACCESSES, 0 }, { CACHE_FILLS, PAGES } }, 2, 0 },
	{ "mapped", map_all, { { CACHE_FAULTS, 0 }, { CACHE_FILLS, 0 } }, 2, PAGES },
	{ "evict", evict, { { CACHE_EVICTIONS, PAGES } }, 1, PAGES },
	{ "maprnd", map_random, { { CACHE_FAULTS, RANDOM }, { CACHE_FILLS, RANDOM } }, 2, 0 },
	{ "evict", evict, { { CACHE_EVICTIONS, RANDOM } }, 1, RANDOM },
	{ "refill", read_random, { { CACHE_FILLS, RANDOM } }, 1, 0 },
	{ "change", change, { { CACHE_DIRTIED, RANDOM }, { CACHE_FILLS, 0 } }, 2, RANDOM },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static _Noreturn void act(const struct own_cgroup *cgroup, const struct file *f, int gate, int done)
{
	char byte = 0;

	own_cgroup_join(cgroup);
	for (size_t i = 0; i < STEPS; i++) {
		if (read(gate, &byte, 1) != 1)
			_exit(2);
		steps[i].act(f);
		if (write(done, &byte, 1) != 1)
			_exit(2);
	}
	_exit(0);
}

/* What the kernel may not trace, at most. */
static uint64_t left_out(const struct step *step, enum cache_count count)
{
	return count == CACHE_ACCESSES && !strcmp(step->name, "cold 1M") ? PAGES / 50 : 0;
}

/* What was reclaimed before can not be evicted, and is filled again. */
static uint64_t truth_of(const struct truth *truth, uint64_t gone)
{
	return truth->count == CACHE_EVICTIONS ? truth->value - gone
	       : truth->count == CACHE_FILLS   ? truth->value + gone
					       : truth->value;
}

/* One read, or one fault, may bring many of them back. */
static uint64_t more_by(const struct truth *truth, uint64_t gone)
{
	return truth->count == CACHE_MISSES || truth->count == CACHE_FAULTS ? gone : 0;
}

static bool compare(const struct step *step, uint64_t gone, const uint64_t *before,
		    const uint64_t *after, uint64_t slack)
{
	bool good = true;

	for (int t = 0; t < step->known; t++) {
		enum cache_count count = step->truths[t].count;
		uint64_t ours = after[count] - before[count];
		uint64_t truth = truth_of(&step->truths[t], gone);
		bool near = ours <= truth + slack + more_by(&step->truths[t], gone) &&
			    ours + slack + left_out(step, count) >= truth;

		printf("%-8s %-16s %8llu %8llu%s\n", step->name, cache_count_names[count].name,
		       (unsigned long long)ours, (unsigned long long)truth, near ? "" : "  <--");
		good &= near;
	}
	return good;
}

int main(int argc, char **argv)
{
	uint64_t slack = argc > 3 ? strtoull(argv[3], NULL, 10) : 64;
	struct own_cgroup cgroup;
	int gate[2], done[2], status;
	bool good = true;
	struct file f;
	pid_t actor;

	if (argc < 3) {
		fprintf(stderr, "usage: cached SOCKET FILE [SLACK]\n");
		return 2;
	}
	f = (struct file){ argv[2], open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0600),
			   malloc(256 * PAGE) };
	if (f.fd < 0 || !f.buffer || pipe2(gate, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		die(argv[2]);
	own_cgroup_make(&cgroup);
	actor = fork();
	if (!actor)
		act(&cgroup, &f, gate[0], done[1]);
	for (size_t i = 0; i < STEPS; i++) {
		const struct cgroup_snapshot before = own_cgroup_counts(&cgroup, argv[1]);
		uint64_t were_in = steps[i].should_find ? resident(&f) : 0;
		uint64_t gone = were_in < steps[i].should_find ? steps[i].should_find - were_in : 0;
		struct cgroup_snapshot after;
		char byte = 0;

		if (write(gate[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1)
			die("the actor");
		after = own_cgroup_counts(&cgroup, argv[1]);
		good &= compare(&steps[i], gone, before.cache_total, after.cache_total, slack);
	}
	if (waitpid(actor, &status, 0) != actor || status)
		die("the actor");
	if (rmdir(cgroup.path))
		die(cgroup.path);
	return good ? 0 : 1;
}
