/* SPDX-License-Identifier: Apache-2.0 */
/* An edit is always seen, however it is made and whatever the stamps say. */
#include "agent/jobs/script_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "tests/lib/test.h"

enum { SMALL = 100, LARGE = SCRIPT_COMPARED + 1000, ROOM = 4 << 20 };

static char folder[64];

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static struct script_cache *fresh(void)
{
	struct script_cache *c = NULL;

	snprintf(folder, sizeof(folder), "/tmp/script_cache.XXXXXX");
	if (!mkdtemp(folder) || script_cache_new(&c, ROOM))
		abort();
	return c;
}

static void tidy(void)
{
	static const char *const names[] = { "a", "b", "c" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	rmdir(folder);
}

/* A text of a size in which a number is. */
static void write_text(char *ret, size_t size, unsigned int number)
{
	memset(ret, '.', size);
	ret[snprintf(ret, 16, "%u", number)] = ' ';
}

/* In place, as many bytes as before. */
static void edit(const char *name, size_t size, unsigned int number)
{
	static char text[LARGE];
	CLEANUP(closep) int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	write_text(text, size, number);
	if (fd < 0 || pwrite(fd, text, size, 0) != (ssize_t)size)
		abort();
}

static int get_at(struct script_cache *c, const char *name, uint64_t wall_ns, struct script *ret)
{
	CLEANUP(closep) int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : script_cache_get(c, fd, ROOM, wall_ns, ret);
}

/* Its number as the cache knows it. */
static unsigned int read_number(struct script_cache *c, const char *name)
{
	struct script script;

	if (get_at(c, name, clock_wall_ns(), &script))
		abort();
	return (unsigned int)strtoul(script.bytes, NULL, 10);
}

/* Trusted from now on: as if it were 10 s later, and no edit can have the stamp it has. */
static int settle(struct script_cache *c, const char *name)
{
	uint64_t later = clock_wall_ns() + 10 * NS_PER_SEC, tick = clock_ns(CLOCK_REALTIME_COARSE);
	uint64_t hits = script_cache_counts(c).hits;
	struct script script;

	for (int i = 0; i < 2; i++) /* looks, and trusts */
		if (get_at(c, name, later, &script))
			return -1;
	while (clock_ns(CLOCK_REALTIME_COARSE) == tick)
		;
	return script_cache_counts(c).hits == hits + 1 ? 0 : -1;
}

static int ten_thousand_edits_of_one_size(size_t size)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();

	for (unsigned int i = 0; i < 10000; i++) {
		edit("a", size, i);
		CHECK(read_number(c, "a") == i);
	}
	CHECK(script_cache_counts(c).loaded == 10000 && script_cache_counts(c).entries == 1);
	tidy();
	return 0;
}

static int ten_thousand_edits_of_a_small_file_are_seen(void)
{
	return ten_thousand_edits_of_one_size(SMALL);
}

static int ten_thousand_edits_of_a_large_file_are_seen(void)
{
	return ten_thousand_edits_of_one_size(LARGE);
}

/* Both stamps as they were, as far as a user can have it so. */
static void put_back(const char *name, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	if (utimensat(AT_FDCWD, path_of(name), times, 0))
		abort();
}

static int a_modification_time_that_is_set_back_hides_nothing(void)
{
	static const size_t sizes[] = { SMALL, LARGE };

	for (size_t k = 0; k < 2; k++) {
		CLEANUP(script_cache_freep) struct script_cache *c = fresh();
		struct stat st;

		edit("a", sizes[k], 0);
		for (unsigned int i = 1; i < 100; i++) {
			CHECK(k == 0 || settle(c, "a") == 0);
			CHECK(!stat(path_of("a"), &st));
			edit("a", sizes[k], i);
			put_back("a", &st);
			CHECK(read_number(c, "a") == i);
		}
		tidy();
	}
	return 0;
}

static int what_is_renamed_over_it_is_seen(void)
{
	static const size_t sizes[] = { SMALL, LARGE };

	for (size_t k = 0; k < 2; k++) {
		CLEANUP(script_cache_freep) struct script_cache *c = fresh();
		struct stat st;

		edit("a", sizes[k], 0);
		CHECK(!stat(path_of("a"), &st));
		for (unsigned int i = 1; i < 200; i++) {
			CHECK(k == 0 || settle(c, "a") == 0);
			edit("b", sizes[k], i);
			put_back("b", &st); /* as cp -p and mv do */
			CHECK(!rename(path_of("b"), path_of("a")));
			CHECK(read_number(c, "a") == i);
		}
		CHECK(script_cache_counts(c).bytes <= ROOM);
		tidy();
	}
	return 0;
}

static int what_is_written_by_another_name_is_seen(void)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();

	edit("a", LARGE, 0);
	CHECK(!link(path_of("a"), path_of("b")));
	for (unsigned int i = 1; i < 100; i++) {
		CHECK(settle(c, "a") == 0);
		edit("b", LARGE, i);
		CHECK(read_number(c, "a") == i && read_number(c, "b") == i);
	}
	CHECK(script_cache_counts(c).entries == 1);
	tidy();
	return 0;
}

static int what_is_stored_through_a_mapping_is_seen_in_a_small_file(void)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();
	CLEANUP(closep) int fd = -1;
	struct script script;
	char *at;

	edit("a", SMALL, 0);
	fd = open(path_of("a"), O_RDWR | O_CLOEXEC);
	at = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(at != MAP_FAILED);
	for (unsigned int i = 1; i < 10000; i++) {
		write_text(at, SMALL, i); /* no stamp changes by it but the first time */
		CHECK(!get_at(c, "a", clock_wall_ns() + 10 * NS_PER_SEC, &script));
		CHECK(strtoul(script.bytes, NULL, 10) == i);
	}
	munmap(at, SMALL);
	tidy();
	return 0;
}

static int a_file_that_grows_or_shrinks_is_seen(void)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();
	struct script script;

	edit("a", LARGE, 1);
	CHECK(settle(c, "a") == 0 && !truncate(path_of("a"), 10));
	CHECK(!get_at(c, "a", clock_wall_ns(), &script) && script.size == 10);
	CHECK(!truncate(path_of("a"), 0));
	CHECK(!get_at(c, "a", clock_wall_ns(), &script) && script.size == 0);
	edit("a", LARGE, 2);
	CHECK(!get_at(c, "a", clock_wall_ns(), &script) && script.size == LARGE);
	tidy();
	return 0;
}

static int the_version_changes_with_the_bytes_only(void)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();
	struct script a, b;

	edit("a", SMALL, 1);
	CHECK(!get_at(c, "a", clock_wall_ns(), &a));
	edit("a", SMALL, 1); /* touched, and the same */
	CHECK(!get_at(c, "a", clock_wall_ns(), &b) && a.version == b.version && a.version);
	edit("a", SMALL, 2);
	CHECK(!get_at(c, "a", clock_wall_ns(), &b) && b.version > a.version);
	CHECK(script_cache_counts(c).compared == 1 && script_cache_counts(c).loaded == 2);
	tidy();
	return 0;
}

/* Changed just now, it may change again under the same stamps: it is read, not trusted. */
static int a_young_file_is_not_trusted(void)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();
	struct script script;
	uint64_t now;

	edit("a", LARGE, 1);
	now = clock_wall_ns();
	for (int i = 0; i < 10; i++)
		CHECK(!get_at(c, "a", now + SCRIPT_SETTLES_NS - NS_PER_SEC, &script));
	CHECK(script_cache_counts(c).hits == 0 && script_cache_counts(c).compared == 9);
	CHECK(!get_at(c, "a", now - 3600 * NS_PER_SEC, &script)); /* a clock that is behind */
	CHECK(!get_at(c, "a", now - 3600 * NS_PER_SEC, &script));
	CHECK(script_cache_counts(c).hits == 0);
	CHECK(settle(c, "a") == 0);
	tidy();
	return 0;
}

static int the_room_is_never_passed(void)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();
	int held[100]; /* keeps the numbers of files that are gone from being used again */
	struct script script;

	for (unsigned int i = 0; i < 100; i++) {
		edit("b", LARGE, i);
		held[i] = open(path_of("b"), O_RDONLY | O_CLOEXEC);
		CHECK(held[i] >= 0 && !rename(path_of("b"), path_of("a")));
		CHECK(read_number(c, "a") == i && script_cache_counts(c).bytes <= ROOM);
	}
	for (int i = 0; i < 100; i++)
		close(held[i]);
	CHECK(script_cache_counts(c).evicted > 30);
	edit("c", 1, 7);
	CHECK(!truncate(path_of("c"), ROOM / 2));
	CHECK(!get_at(c, "c", clock_wall_ns(), &script) && script.size == ROOM / 2);
	CHECK(!get_at(c, "c", clock_wall_ns(), &script) && *(const char *)script.bytes == '7');
	CHECK(script_cache_counts(c).bytes < ROOM / 2 || script_cache_counts(c).entries > 1);
	CHECK(!truncate(path_of("c"), ROOM + 1));
	CHECK(get_at(c, "c", clock_wall_ns(), &script) == -EFBIG);
	tidy();
	return 0;
}

static int what_is_no_file_is_refused(void)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();
	CLEANUP(closep) int dir = open(folder, O_RDONLY | O_CLOEXEC);
	CLEANUP(closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct script script;

	CHECK(script_cache_get(c, dir, ROOM, 1, &script) == -EISDIR);
	CHECK(script_cache_get(c, null, ROOM, 1, &script) == -EINVAL);
	CHECK(script_cache_get(c, -1, ROOM, 1, &script) == -EBADF);
	tidy();
	return 0;
}

static double cost_of_get(struct script_cache *c, size_t size, uint64_t wall_ns)
{
	enum { TIMES = 20000 };
	CLEANUP(closep) int fd = -1;
	struct script script;
	uint64_t start;

	unlink(path_of("a"));
	edit("a", size, 1);
	fd = open(path_of("a"), O_RDONLY | O_CLOEXEC);
	start = clock_mono_ns();
	for (int i = 0; i < TIMES; i++)
		if (script_cache_get(c, fd, ROOM, wall_ns, &script))
			abort();
	return (double)(clock_mono_ns() - start) / TIMES;
}

static int asking_costs_little(void)
{
	CLEANUP(script_cache_freep) struct script_cache *c = fresh();
	double small = cost_of_get(c, 1024, 1), whole = cost_of_get(c, SCRIPT_COMPARED, 1);
	double trusted = cost_of_get(c, LARGE, clock_wall_ns() + 10 * NS_PER_SEC);

	printf("# 1 KiB compared %.0f ns, 64 KiB compared %.0f ns, more trusted %.0f ns\n", small,
	       whole, trusted);
	tidy();
	return 0;
}

TEST_MAIN({ "ten thousand edits of a small file are seen",
	    ten_thousand_edits_of_a_small_file_are_seen },
	  { "ten thousand edits of a large file are seen",
	    ten_thousand_edits_of_a_large_file_are_seen },
	  { "a modification time that is set back hides nothing",
	    a_modification_time_that_is_set_back_hides_nothing },
	  { "what is renamed over it is seen", what_is_renamed_over_it_is_seen },
	  { "what is written by another name is seen", what_is_written_by_another_name_is_seen },
	  { "what is stored through a mapping is seen in a small file",
	    what_is_stored_through_a_mapping_is_seen_in_a_small_file },
	  { "a file that grows or shrinks is seen", a_file_that_grows_or_shrinks_is_seen },
	  { "the version changes with the bytes only", the_version_changes_with_the_bytes_only },
	  { "a young file is not trusted", a_young_file_is_not_trusted },
	  { "the room is never passed", the_room_is_never_passed },
	  { "what is no file is refused", what_is_no_file_is_refused },
	  { "asking costs little", asking_costs_little }, )
