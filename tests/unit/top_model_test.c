/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/top/model.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/snapshot/snapshot.h"
#include "tests/lib/test.h"

/* Cgroups /0, /1 … with ids 100, 101 …; of each the waits given. */
static struct snapshot *made(size_t n, const uint64_t *wait_ns)
{
	struct snapshot *s = NULL;

	if (snapshot_new(&s, 12, n, 0, 0))
		abort();
	s->window_ns = NS_PER_SEC;
	for (size_t i = 0; i < n; i++) {
		s->cgroups[i].id = 100 + i;
		s->cgroups[i].number = i;
		s->cgroups[i].sched[SCHED_WAITS] = 1;
		s->cgroups[i].sched[SCHED_WAIT_NS] = wait_ns[i];
		snprintf(s->cgroups[i].path, sizeof(s->cgroups[i].path), "/%zu", i);
	}
	for (size_t i = 0; i < 12; i++)
		s->cpus[i].cpu = (unsigned int)i;
	return s;
}

static struct snapshot *three(uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t wait_ns[] = { a, b, c };

	return made(3, wait_ns);
}

/* The ids (or CPUs) that are shown, as digits. */
static const char *shown(const struct model *m)
{
	static char text[64];
	const struct model_list *l = model_list(m);
	size_t n = 0;

	for (; n < l->count && n < sizeof(text) - 1; n++)
		text[n] = (char)('0' + l->order[n] % 10);
	text[n] = '\0';
	return text;
}

static uint64_t selected_id(const struct model *m)
{
	size_t row;

	return model_selected(m, &row) ? m->snapshot->cgroups[row].id : 0;
}

static void press(struct model *m, const char *keys)
{
	for (; *keys; keys++)
		model_press(m, (unsigned char)*keys);
}

static int the_largest_stand_first_and_r_turns_it_round(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, three(5, 30, 10), 0);
	CHECK(!strcmp(shown(&m), "120"));
	press(&m, "r");
	CHECK(!strcmp(shown(&m), "021"));
	press(&m, "<<<"); /* waited, waits, ran, name */
	CHECK(model_list(&m)->sorted_by == -1 && !strcmp(shown(&m), "012"));
	press(&m, "<");
	CHECK(model_list(&m)->sorted_by == (int)listings[LISTING_CGROUPS]->column_count - 1);
	press(&m, ">");
	CHECK(model_list(&m)->sorted_by == -1);
	model_done(&m);
	return 0;
}

static int the_row_of_all_others_stands_last(void)
{
	struct snapshot *s = three(5, 30, 10);
	struct model m;

	model_init(&m, NS_PER_SEC);
	snprintf(s->cgroups[1].path, sizeof(s->cgroups[1].path), OTHER);
	model_feed(&m, s, 0);
	CHECK(!strcmp(shown(&m), "201"));
	press(&m, "r");
	CHECK(!strcmp(shown(&m), "021"));
	press(&m, "<<<"); /* by name */
	CHECK(!strcmp(shown(&m), "021"));
	model_done(&m);
	return 0;
}

static int names_are_sorted_as_people_count(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	m.view = VIEW_CPUS;
	model_feed(&m, three(1, 1, 1), 0);
	CHECK(model_list(&m)->count == 12 && model_list(&m)->order[2] == 2);
	CHECK(model_list(&m)->order[11] == 11);
	model_done(&m);
	return 0;
}

static int the_selection_stays_with_its_row(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, three(5, 30, 10), 0);
	press(&m, "j");
	CHECK(selected_id(&m) == 102);
	model_feed(&m, three(5, 30, 100), 0);
	CHECK(selected_id(&m) == 102 && model_list(&m)->selected == 0);
	model_feed(&m, three(50, 30, 1), 0);
	CHECK(selected_id(&m) == 102 && model_list(&m)->selected == 2);
	model_done(&m);
	return 0;
}

static int the_first_row_is_selected_until_one_is_chosen(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	CHECK(selected_id(&m) == 0);
	model_feed(&m, three(5, 30, 10), 0);
	model_feed(&m, three(500, 30, 10), 0);
	CHECK(selected_id(&m) == 100);
	press(&m, "jg");
	model_feed(&m, three(5, 30, 10), 0);
	CHECK(selected_id(&m) == 101);
	model_done(&m);
	return 0;
}

static int what_is_looked_into_stays_selected(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, three(5, 30, 10), 0);
	press(&m, "d");
	model_feed(&m, three(500, 30, 10), 0);
	CHECK(selected_id(&m) == 101);
	press(&m, "dg");
	model_feed(&m, three(5, 30, 100), 0);
	CHECK(selected_id(&m) == 102);
	model_done(&m);
	return 0;
}

static int a_selected_row_that_goes_leaves_its_place(void)
{
	static const uint64_t one[] = { 7 };
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, three(5, 30, 10), 0);
	press(&m, "G");
	CHECK(selected_id(&m) == 100);
	model_feed(&m, made(0, NULL), 0);
	CHECK(selected_id(&m) == 0);
	press(&m, "jkGg");
	model_feed(&m, made(1, one), 0);
	CHECK(selected_id(&m) == 100);
	model_done(&m);
	return 0;
}

static int a_filter_is_typed_taken_and_cleared(void)
{
	struct snapshot *s = three(5, 30, 10);
	struct model m;

	strcpy(s->cgroups[2].pod, "0c4a-BEEF");
	strcpy(s->cgroups[0].container, "beef99");
	model_init(&m, NS_PER_SEC);
	model_feed(&m, s, 0);
	press(&m, "/beefqx");
	CHECK(model_list(&m)->count == 0); /* q quits nothing while one types */
	model_press(&m, KEY_ERASE);
	model_press(&m, KEY_ERASE);
	CHECK(!strcmp(shown(&m), "20"));
	model_press(&m, KEY_RETURN);
	CHECK(!m.typing && model_press(&m, 'j') == EFFECT_DRAW);
	press(&m, "/99"); /* behind what is there */
	CHECK(!strcmp(shown(&m), "0"));
	model_press(&m, KEY_ESCAPE); /* back to what it was */
	CHECK(!m.typing && !strcmp(shown(&m), "20"));
	model_press(&m, KEY_ESCAPE);
	CHECK(model_list(&m)->count == 3);
	model_done(&m);
	return 0;
}

static int letters_of_all_languages_can_be_typed_and_erased_whole(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	press(&m, "/");
	model_press(&m, 0xfc);
	model_press(&m, 0x672c);
	model_press(&m, 0x1f600);
	CHECK(!strcmp(model_list(&m)->filter, "\xc3\xbc\xe6\x9c\xac\xf0\x9f\x98\x80"));
	model_press(&m, KEY_ERASE);
	model_press(&m, KEY_ERASE);
	CHECK(!strcmp(model_list(&m)->filter, "\xc3\xbc"));
	for (int i = 0; i < 2 * FILTER_MAX; i++)
		model_press(&m, 0x672c);
	CHECK(strlen(model_list(&m)->filter) < FILTER_MAX);
	for (int i = 0; i < FILTER_MAX; i++)
		model_press(&m, KEY_ERASE);
	CHECK(!model_list(&m)->filter[0]);
	model_press(&m, KEY_GO_UP); /* no text */
	model_press(&m, KEY_OTHER_THAN_TEXT);
	CHECK(!model_list(&m)->filter[0] && m.typing);
	model_done(&m);
	return 0;
}

static int a_filter_belongs_to_its_list(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, three(5, 30, 10), 0);
	press(&m, "/2\n3");
	CHECK(m.view == VIEW_CPUS && model_list(&m)->count == 12);
	press(&m, "1");
	CHECK(model_list(&m)->count == 1);
	model_done(&m);
	return 0;
}

static int what_comes_while_it_is_paused_is_not_shown(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_feed(&m, three(5, 30, 10), 7);
	CHECK(model_press(&m, ' ') == EFFECT_PAUSE && m.paused);
	model_feed(&m, three(500, 30, 10), 8);
	CHECK(!strcmp(shown(&m), "120") && m.taken_ns == 7);
	press(&m, "r"); /* what is there can still be looked at */
	CHECK(!strcmp(shown(&m), "021"));
	CHECK(model_press(&m, ' ') == EFFECT_PAUSE && !m.paused);
	model_feed(&m, three(500, 30, 10), 9);
	CHECK(m.taken_ns == 9);
	model_done(&m);
	return 0;
}

static int trouble_is_over_with_the_next_snapshot(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	model_trouble(&m, "agent gone");
	CHECK(m.trouble[0]);
	model_feed(&m, three(1, 1, 1), 0);
	CHECK(!m.trouble[0]);
	model_done(&m);
	return 0;
}

static int the_interval_goes_by_steps_and_has_ends(void)
{
	struct model m;
	int steps = 0;

	model_init(&m, 700 * NS_PER_MSEC);
	CHECK(model_press(&m, '+') == EFFECT_INTERVAL && m.interval_ns == NS_PER_SEC);
	CHECK(model_press(&m, '-') == EFFECT_INTERVAL && m.interval_ns == 500 * NS_PER_MSEC);
	while (model_press(&m, '+') == EFFECT_INTERVAL)
		steps++;
	CHECK(m.interval_ns == 60 * NS_PER_SEC && steps < 20);
	while (model_press(&m, '-') == EFFECT_INTERVAL)
		steps++;
	CHECK(m.interval_ns == 100 * NS_PER_MSEC && steps < 40);
	model_done(&m);
	return 0;
}

static int a_long_list_is_scrolled_to_the_selection(void)
{
	uint64_t wait_ns[100];
	struct model m;

	for (size_t i = 0; i < 100; i++)
		wait_ns[i] = 1000 - i;
	model_init(&m, NS_PER_SEC);
	model_feed(&m, made(100, wait_ns), 0);
	model_scroll(&m, 10);
	model_press(&m, KEY_PAGE_DOWN);
	model_press(&m, KEY_PAGE_DOWN);
	model_scroll(&m, 10);
	CHECK(selected_id(&m) == 120 && model_list(&m)->scrolled == 11);
	model_press(&m, KEY_GO_LAST);
	model_scroll(&m, 10);
	CHECK(selected_id(&m) == 199 && model_list(&m)->scrolled == 90);
	model_scroll(&m, 60); /* a larger window shows more, not blanks */
	CHECK(model_list(&m)->scrolled == 40);
	model_press(&m, KEY_GO_FIRST);
	model_scroll(&m, 0);
	CHECK(selected_id(&m) == 100 && model_list(&m)->scrolled == 0);
	model_done(&m);
	return 0;
}

static int escape_closes_what_is_open_first(void)
{
	struct model m;

	model_init(&m, NS_PER_SEC);
	press(&m, "/x\n?");
	CHECK(m.over == OVER_HELP);
	model_press(&m, KEY_ESCAPE);
	CHECK(m.over == OVER_NOTHING && model_list(&m)->filter[0]);
	press(&m, "d");
	CHECK(m.over == OVER_SPREAD);
	press(&m, "d");
	CHECK(m.over == OVER_NOTHING);
	CHECK(model_press(&m, KEY_ESCAPE) == EFFECT_DRAW && !model_list(&m)->filter[0]);
	CHECK(model_press(&m, KEY_ESCAPE) == EFFECT_NONE);
	CHECK(model_press(&m, 'q') == EFFECT_QUIT);
	model_done(&m);
	return 0;
}

TEST_MAIN({ "the largest stand first, and r turns it round",
	    the_largest_stand_first_and_r_turns_it_round },
	  { "the row of all others stands last", the_row_of_all_others_stands_last },
	  { "names are sorted as people count", names_are_sorted_as_people_count },
	  { "the selection stays with its row", the_selection_stays_with_its_row },
	  { "the first row is selected until one is chosen",
	    the_first_row_is_selected_until_one_is_chosen },
	  { "what is looked into stays selected", what_is_looked_into_stays_selected },
	  { "a selected row that goes leaves its place",
	    a_selected_row_that_goes_leaves_its_place },
	  { "a filter is typed, taken and cleared", a_filter_is_typed_taken_and_cleared },
	  { "letters of all languages can be typed and erased whole",
	    letters_of_all_languages_can_be_typed_and_erased_whole },
	  { "a filter belongs to its list", a_filter_belongs_to_its_list },
	  { "what comes while it is paused is not shown",
	    what_comes_while_it_is_paused_is_not_shown },
	  { "trouble is over with the next snapshot", trouble_is_over_with_the_next_snapshot },
	  { "the interval goes by steps and has ends", the_interval_goes_by_steps_and_has_ends },
	  { "a long list is scrolled to the selection", a_long_list_is_scrolled_to_the_selection },
	  { "Escape closes what is open first", escape_closes_what_is_open_first }, )
