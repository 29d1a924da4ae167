/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cache_read.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/probes/cache_sample.h"
#include "agent/signals/cache_reading.h"
#include "bpf/cache/cache.h"
#include "tests/lib/test.h"

#define SHARDS 2

/* The maps as the kernel would have them, one CPU, two shards, in files of memory. */
struct maps {
	int fds[2];
	struct fl_cache_cgroup *rows;
	struct cache_read *read;
	struct cache_sample sample;
};

static const size_t rows_size = SHARDS * FL_LEDGER_ROWS * sizeof(struct fl_cache_cgroup);

static void maps_end(struct maps *m)
{
	cache_sample_clear(&m->sample);
	cache_read_free(m->read);
	munmap(m->rows, rows_size);
	close(m->fds[0]);
	close(m->fds[1]);
}

static void maps_begin(struct maps *m)
{
	*m = (struct maps){ .fds = { memfd_create("cpu", MFD_CLOEXEC),
				     memfd_create("rows", MFD_CLOEXEC) } };
	if (ftruncate(m->fds[0], 4096) || ftruncate(m->fds[1], (off_t)rows_size))
		abort();
	m->rows = mmap(NULL, rows_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fds[1], 0);
	if (m->rows == MAP_FAILED || cache_read_new(&m->read, m->fds, 1, SHARDS))
		abort();
}

/* Cgroup 1000 + row has counted `fills` in each shard; 0 takes its row away. */
static void fill(struct maps *m, size_t from, size_t to, uint64_t fills)
{
	for (size_t row = from; row < to; row++)
		for (size_t shard = 0; shard < SHARDS; shard++) {
			struct fl_cache_cgroup *r = &m->rows[shard * FL_LEDGER_ROWS + row];

			r->id = fills ? 1000 + row : 0;
			r->n[FL_CACHE_FILLS] = fills;
		}
}

static int each_sample_is_of_its_moment_alone(void)
{
	CLEANUP(maps_end) struct maps m;

	maps_begin(&m);
	fill(&m, 1, 4, 5);
	CHECK(cache_read_sample(m.read, &m.sample) == 0 && m.sample.row_count == 4);
	fill(&m, 1, 3, 7);
	fill(&m, 3, 4, 0);
	CHECK(cache_read_sample(m.read, &m.sample) == 0 && m.sample.row_count == 3);
	CHECK(m.sample.rows[0].of.cgroup == 0 && m.sample.rows[1].of.cgroup == 1001);
	CHECK(m.sample.rows[1].n[CACHE_FILLS] == 14 && m.sample.rows[2].n[CACHE_FILLS] == 14);
	CHECK(m.sample.rows[0].n[CACHE_FILLS] == 0);
	return 0;
}

static int of_a_removed_cgroup_only_the_window_counts(void)
{
	CLEANUP(maps_end) struct maps m;
	CLEANUP(cache_sample_clear) struct cache_sample then = { 0 }, d = { 0 };

	maps_begin(&m);
	fill(&m, 1, 2, 50); /* in each shard: 100 fills before the window, 20 in it */
	CHECK(cache_read_sample(m.read, &m.sample) == 0);
	CHECK(cache_sample_copy(&then, &m.sample) == 0);
	fill(&m, 1, 2, 60);
	cache_read_forget(m.read, 1001);
	CHECK(cache_read_sample(m.read, &m.sample) == 0 && m.sample.row_count == 1);
	CHECK(m.sample.gone[CACHE_FILLS] == 120);
	CHECK(cache_reading_between(&d, &then, &m.sample) == 0);
	CHECK(d.gone[CACHE_FILLS] == 20);
	return 0;
}

static int a_beat_with_as_many_rows_allocates_nothing(void)
{
	CLEANUP(maps_end) struct maps m;
	const struct cache_row_sample *rows;

	maps_begin(&m);
	fill(&m, 1, 600, 1);
	CHECK(cache_read_sample(m.read, &m.sample) == 0 && m.sample.row_count == 600);
	rows = m.sample.rows; /* under ASan whatever is freed or grown gets another address */
	CHECK(cache_read_sample(m.read, &m.sample) == 0 && m.sample.rows == rows);
	fill(&m, 590, 600, 0);
	CHECK(cache_read_sample(m.read, &m.sample) == 0 && m.sample.rows == rows);
	return 0;
}

static int room_is_given_back_when_most_rows_are_gone(void)
{
	CLEANUP(maps_end) struct maps m;

	maps_begin(&m);
	fill(&m, 1, 600, 1);
	CHECK(cache_read_sample(m.read, &m.sample) == 0 && m.sample.row_room >= 600);
	fill(&m, 3, 600, 0);
	CHECK(cache_read_sample(m.read, &m.sample) == 0);
	CHECK(m.sample.row_count == 3 && m.sample.row_room < 100);
	return 0;
}

TEST_MAIN({ "each sample is of its moment alone", each_sample_is_of_its_moment_alone },
	  { "of a removed cgroup only the window counts",
	    of_a_removed_cgroup_only_the_window_counts },
	  { "a beat with as many rows allocates nothing",
	    a_beat_with_as_many_rows_allocates_nothing },
	  { "room is given back when most rows are gone",
	    room_is_given_back_when_most_rows_are_gone }, )
