/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/top/draw.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/cli/top/canvas.h"
#include "agent/cli/top/model.h"
#include "agent/snapshot/snapshot.h"
#include "tests/lib/test.h"

static struct snapshot *example(void)
{
	struct snapshot *s = NULL;

	if (snapshot_new(&s, 2, 40, 1, 1))
		abort();
	s->window_ns = NS_PER_SEC;
	strcpy(s->host, "node-\033[2J7");
	s->cpus[1].cpu = 1;
	for (unsigned int i = 0; i < FL_HIST_SLOTS; i++)
		s->cpus[1].wait.slots[i] = 1u << (i % 9);
	for (size_t i = 0; i < 40; i++) {
		s->cgroups[i].id = i + 1;
		s->cgroups[i].number = i;
		s->cgroups[i].sched[SCHED_WAIT_NS] = s->cgroups[i].sched[SCHED_WAITS] = 1000 - i;
		s->cgroups[i].wait.slots[5] = 1000 - i;
		snprintf(s->cgroups[i].path, sizeof(s->cgroups[i].path),
			 "/kubepods.slice/a\xff\x1b\xe6\x9c\xac/%zu", i);
	}
	s->disks_measured = true;
	strcpy(s->disks[0].name, "nvme0n1");
	s->disks[0].op[DISK_WRITE].ios = 9;
	s->disks[0].op[DISK_WRITE].device.slots[3] = 9;
	s->disks[0].op[DISK_WRITE].queue.slots[7] = 9;
	s->disks[0].op[DISK_READ].device.slots[27] = 1;
	strcpy(s->shares[0].disk, "nvme0n1");
	s->shares[0].op[DISK_WRITE] = (struct share_count){ .ios = 9, .bytes = 36864 };
	s->network.count = 1;
	strcpy(s->network.interfaces[0].name, "eth0");
	return s;
}

/* What stands in the rows, as ASCII, rows parted by newlines. */
static char *text_of(const struct canvas *c)
{
	size_t width = (size_t)c->columns + 1;
	char *text = malloc((size_t)c->rows * width + 1);

	if (!text)
		abort();
	for (int row = 0; row < c->rows; row++) {
		for (int i = 0; i < c->columns; i++) {
			uint32_t what = c->cells[row * c->columns + i].c;

			text[(size_t)row * width + (size_t)i] =
				what && what < 0x80 ? (char)what : '~';
		}
		text[(size_t)row * width + width - 1] = '\n';
	}
	text[(size_t)c->rows * width] = '\0';
	return text;
}

static char *drawn(struct model *m, int rows, int columns)
{
	CLEANUP(canvas_freep) struct canvas *c = NULL;

	if (canvas_new(&c, rows, columns))
		abort();
	draw(c, m, m->taken_ns + 5 * NS_PER_SEC);
	return text_of(c);
}

static int every_view_fits_every_size(void)
{
	static const int sizes[][2] = { { 1, 1 },   { 3, 400 },  { 4, 20 },  { 5, 21 },
					{ 10, 40 }, { 24, 80 },  { 25, 81 }, { 100, 300 },
					{ 300, 9 }, { 1000, 40 } };
	struct model m;

	CHECK(setlocale(LC_CTYPE, "C.UTF-8"));
	model_init(&m, NS_PER_SEC);
	for (int with = 0; with < 2; with++) {
		for (size_t size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++)
			for (int view = 0; view < _VIEW_MAX * 3; view++) {
				CLEANUP(freep) char *text = NULL;

				m.view = (enum model_view)(view % _VIEW_MAX);
				m.over = (enum model_over)(view / _VIEW_MAX);
				text = drawn(&m, sizes[size][0], sizes[size][1]);
				for (const char *c = text; *c; c++)
					CHECK(*c == '\n' || (*c >= ' ' && *c <= '~'));
			}
		model_feed(&m, example(), 0);
	}
	model_done(&m);
	return 0;
}

static int a_small_terminal_keeps_title_rows_and_status(void)
{
	CLEANUP(freep) char *text = NULL;
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, example(), 0);
	text = drawn(&m, 10, 40);
	CHECK(strstr(text, "fairlead top") == text && strstr(text, "1 overview"));
	CHECK(strstr(text, "CGROUP") && strstr(text, "waited/s") && strstr(text, "by waited"));
	CHECK(strstr(text, "/0 "));
	model_done(&m);
	return 0;
}

static int a_wide_terminal_shows_more_columns(void)
{
	int column;
	CLEANUP(freep) char *narrow = NULL, *wide = NULL;
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, example(), 0);
	narrow = drawn(&m, 24, 80);
	wide = drawn(&m, 24, 120);
	CHECK(!strstr(narrow, "I/Os/s") && strstr(wide, "I/Os/s"));
	CHECK(listing_find(listings[LISTING_CGROUPS], "ios", &column));
	model_sort(&m, LISTING_CGROUPS, column);
	free(narrow);
	narrow = drawn(&m, 24, 80);
	CHECK(strstr(narrow, "I/Os/s")); /* what it is sorted by is seen */
	model_done(&m);
	return 0;
}

static int help_lists_keys_and_columns_apart(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, example(), 0);
	m.over = OVER_HELP;
	for (int columns = 80; columns <= 240; columns += 40) {
		CLEANUP(freep) char *text = drawn(&m, 40, columns);

		CHECK(strstr(text, "overview, cgroups, cpus, disks, network, waiters "));
		CHECK(strstr(text, "for want of memory, ever "));
	}
	model_done(&m);
	return 0;
}

static int what_is_not_measured_has_no_numbers(void)
{
	CLEANUP(freep) char *text = NULL;
	struct snapshot *s = example();
	struct model m;

	strcpy(s->subjects[0].name, "sched");
	s->subjects[0].state = FINDING_OFF;
	s->subject_count = 1;
	model_init(&m, NS_PER_SEC);
	model_feed(&m, s, 0);
	text = drawn(&m, 24, 80);
	CHECK(strstr(text, "\ncpu      waits are not measured: `fairlead doctor` says why"));
	CHECK(strstr(text, "        ?        ?         ?         0         0\n"));
	model_done(&m);
	return 0;
}

static int the_status_tells_what_matters_most_first(void)
{
	CLEANUP(freep) char *text = NULL, *paused = NULL;
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, example(), 0);
	model_filter(&m, LISTING_CGROUPS, "KUBE");
	model_press(&m, ' ');
	paused = drawn(&m, 24, 80);
	CHECK(strstr(paused, "PAUSED, 5.0s old | 40 with 'KUBE' | by waited"));
	model_trouble(&m, "agent gone, retrying");
	text = drawn(&m, 24, 40);
	CHECK(strstr(text, "\nagent gone, retrying; this is 5.0s old"));
	model_done(&m);
	return 0;
}

static int a_distribution_has_a_bar_a_slot_with_its_unit(void)
{
	CLEANUP(freep) char *text = NULL, *low = NULL, *narrow = NULL;
	struct model m;

	model_init(&m, NS_PER_SEC);
	m.view = VIEW_DISKS;
	model_feed(&m, example(), 0);
	model_press(&m, 'd');
	text = drawn(&m, 24, 130);
	CHECK(strstr(text, "read, on the device") && strstr(text, "write, in the queue"));
	CHECK(strstr(text, "<   8.2us       9 ####") && strstr(text, "<   131us       9 ####"));
	CHECK(strstr(text, ">   68.7s       1 #"));
	narrow = drawn(&m, 24, 60);
	CHECK(strstr(narrow, "read, on the device") && !strstr(narrow, "write, in the queue"));
	model_press(&m, KEY_GO_RIGHT);
	free(narrow);
	narrow = drawn(&m, 24, 60);
	CHECK(!strstr(narrow, "read, on the device") && strstr(narrow, "write, on the device"));
	m.view = VIEW_CPUS;
	model_press(&m, 'G');
	low = drawn(&m, 14, 80); /* 28 slots do not fit: some go together, none is lost */
	CHECK(strstr(low, "cpu1") && strstr(low, ">   68.7s"));
	model_done(&m);
	return 0;
}

static int a_cgroup_tells_its_disks_and_its_waits(void)
{
	CLEANUP(freep) char *text = NULL;
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, example(), 0);
	model_press(&m, 'd');
	text = drawn(&m, 24, 80);
	CHECK(strstr(text, "nvme0n1") && strstr(text, "written 36K/s (9/s)"));
	CHECK(strstr(text, "waits for a CPU") && strstr(text, "<    33us    1.0k ####"));
	model_done(&m);
	return 0;
}

TEST_MAIN({ "every view fits every size", every_view_fits_every_size },
	  { "a small terminal keeps title, rows and status",
	    a_small_terminal_keeps_title_rows_and_status },
	  { "a wide terminal shows more columns", a_wide_terminal_shows_more_columns },
	  { "the status tells what matters most first", the_status_tells_what_matters_most_first },
	  { "help lists keys and columns apart", help_lists_keys_and_columns_apart },
	  { "what is not measured has no numbers", what_is_not_measured_has_no_numbers },
	  { "a distribution has a bar a slot, with its unit",
	    a_distribution_has_a_bar_a_slot_with_its_unit },
	  { "a cgroup tells its disks and its waits", a_cgroup_tells_its_disks_and_its_waits }, )
