/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/probes/sample.h"
#include "agent/snapshot/history.h"
#include "tests/lib/test.h"

#define CPUS  2
#define START (100 * NS_PER_SEC) /* since boot, of the first sample */

static const struct history_known knows_all = { true, true, true, true, true };

/* A node whose counters go on as the test says, and that is looked at when it says. */
struct node {
	struct history *history;
	struct sample *then, *now;
	uint64_t mono_ns, boot_ns;
};

static void node_clear(struct node *n)
{
	history_free(n->history);
	sample_free(n->then);
	sample_free(n->now);
}

static struct node node_make(void)
{
	struct node n = { .mono_ns = 50 * NS_PER_SEC, .boot_ns = START };

	if (history_new(&n.history) || sample_new(&n.then, CPUS) || sample_new(&n.now, CPUS))
		abort();
	n.now->memory.known = true;
	return n;
}

static int look(struct node *n)
{
	bool first = !n->then->when_ns;
	int r;

	n->now->when_ns = n->mono_ns;
	r = history_feed(n->history, &knows_all, first ? NULL : n->then, n->now, n->boot_ns);
	return r ? r : sample_copy(n->then, n->now);
}

static void pass(struct node *n, uint64_t ms)
{
	n->mono_ns += ms * NS_PER_MSEC;
	n->boot_ns += ms * NS_PER_MSEC;
}

/* Both CPUs together: so much of the time is run, the rest idle. */
static void work(struct node *n, uint64_t ms, double busy)
{
	uint64_t ns = ms * NS_PER_MSEC;

	for (int cpu = 0; cpu < CPUS; cpu++) {
		n->now->sched->cpu[cpu].counts.n[SCHED_RUN_NS] += (uint64_t)((double)ns * busy);
		n->now->sched->cpu[cpu].counts.n[SCHED_IDLE_NS] +=
			(uint64_t)((double)ns * (1 - busy));
	}
	n->now->sched->cpu[0].counts.n[SCHED_SWITCHES] += ms; /* 1,000 a second */
	pass(n, ms);
}

static struct history_snapshot *view(const struct node *n, const char *prefix)
{
	struct history_snapshot *s = NULL;

	return history_view(n->history, prefix, HISTORY_POINTS, n->boot_ns, n->boot_ns, &s) ? NULL
											    : s;
}

static const float *points(const struct history_snapshot *s, size_t series)
{
	return &s->values[series * s->points];
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-3 * fabs(b) + 1e-9;
}

#define VIEW(n, prefix) CLEANUP(history_snapshot_freep) struct history_snapshot *s = view(n, prefix)
#define NODE()          CLEANUP(node_clear) struct node n = node_make()

static int it_takes_no_more_memory_than_the_header_says(void)
{
	CHECK(history_bytes() <= HISTORY_BYTES_MAX && HISTORY_BYTES_MAX <= 512 * 1024);
	return 0;
}

static int a_second_is_a_point(void)
{
	NODE();

	CHECK(look(&n) == 0);
	for (int i = 0; i < 4; i++) {
		work(&n, 1000, i % 2 ? 0.75 : 0.25);
		CHECK(look(&n) == 0);
	}
	VIEW(&n, "cpu_busy");
	CHECK(s && s->count == 1 && s->points == 4 && s->step_ns == NS_PER_SEC);
	CHECK(s->end_wall_ns == n.boot_ns);
	CHECK(near(points(s, 0)[0], 0.25) && near(points(s, 0)[3], 0.75));
	return 0;
}

static int faster_samples_are_averaged_into_their_second(void)
{
	NODE();

	look(&n);
	for (int i = 0; i < 30; i++) {
		work(&n, 100, i % 10 < 5 ? 1 : 0);
		look(&n);
	}
	VIEW(&n, "cpu_busy");
	CHECK(s->points == 3);
	for (int i = 0; i < 3; i++)
		CHECK(near(points(s, 0)[i], 0.5));
	return 0;
}

static int a_sample_over_the_end_of_a_second_is_shared_by_both(void)
{
	NODE();

	pass(&n, 500);
	look(&n);
	work(&n, 1000, 0); /* 0.5 to 1.5 */
	look(&n);
	work(&n, 1000, 1); /* 1.5 to 2.5 */
	look(&n);
	VIEW(&n, "cpu_busy");
	CHECK(s->points == 2);
	CHECK(points(s, 0)[0] == 0 && near(points(s, 0)[1], 0.5));
	return 0;
}

static int slow_samples_leave_gaps_and_a_true_mean(void)
{
	NODE();

	look(&n);
	for (int i = 0; i < 3; i++) {
		work(&n, 5000, 0.5);
		look(&n);
	}
	VIEW(&n, "cpu_busy");
	CHECK(s->points == 15);
	for (int i = 0; i < 15; i++)
		CHECK(i % 5 == 4 ? near(points(s, 0)[i], 0.5) : isnan(points(s, 0)[i]));
	return 0;
}

static int a_suspend_is_a_gap_and_no_spike(void)
{
	NODE();

	look(&n);
	work(&n, 1000, 0.5);
	look(&n);
	work(&n, 1000, 0.5);
	n.boot_ns += 20 * NS_PER_SEC; /* asleep: only this clock goes on */
	look(&n);
	work(&n, 1000, 0.5);
	look(&n);
	VIEW(&n, "");
	CHECK(s->points == 23);
	CHECK(near(points(s, 0)[0], 0.5) && near(points(s, 0)[22], 0.5));
	for (int i = 1; i < 22; i++)
		CHECK(isnan(points(s, 0)[i]));
	return 0;
}

static int a_gap_longer_than_all_points_leaves_none(void)
{
	NODE();

	look(&n);
	work(&n, 1000, 0.5);
	look(&n);
	n.boot_ns += 100000 * NS_PER_SEC;
	work(&n, 1000, 0.5);
	look(&n);
	VIEW(&n, "cpu_busy");
	CHECK(s->points == HISTORY_POINTS);
	for (size_t i = 0; i < s->points; i++)
		CHECK(isnan(points(s, 0)[i]));
	CHECK(isnan(s->series[0].means[0]));
	return 0;
}

static int counters_that_start_anew_are_a_gap(void)
{
	NODE();

	n.now->sched->cpu[0].counts.wait.slots[3] = 1000;
	n.now->cache.node[CACHE_FILLS] = 1000;
	look(&n);
	work(&n, 1000, 0.5);
	look(&n);
	n.now->sched->cpu[0].counts.wait.slots[3] = 10;
	n.now->cache.node[CACHE_FILLS] = 7;
	work(&n, 1000, 0.5);
	look(&n);
	work(&n, 1000, 0.5);
	look(&n);
	VIEW(&n, "cpu_busy");
	CHECK(s->points == 3 && isnan(points(s, 0)[1]) && near(points(s, 0)[2], 0.5));
	return 0;
}

static int the_wall_clock_moves_nothing_but_the_label(void)
{
	NODE();
	CLEANUP(history_snapshot_freep) struct history_snapshot *s = NULL;

	look(&n);
	work(&n, 2500, 0.5);
	look(&n);
	CHECK(history_view(n.history, "cpu_busy", 600, n.boot_ns, 1000 * NS_PER_SEC, &s) == 0);
	CHECK(s->end_wall_ns == 1000 * NS_PER_SEC - 500 * NS_PER_MSEC);
	return 0;
}

/* The mean by the book: every value weighted by how long it was and how long ago. */
static double by_the_book(const double *values, const double *seconds, int count, double tau)
{
	double sum = 0, weight = 0, age = 0;

	for (int i = count - 1; i >= 0; i--) {
		double w = exp(-age / tau) * (1 - exp(-seconds[i] / tau));

		age += seconds[i];
		sum += isnan(values[i]) ? 0 : w * values[i];
		weight += isnan(values[i]) ? 0 : w;
	}
	return sum / weight;
}

static int the_means_are_right_for_irregular_intervals(void)
{
	double values[40], seconds[40];
	NODE();

	look(&n);
	for (int i = 0; i < 40; i++) {
		seconds[i] = 1 + i * 7 % 9; /* 1 to 9 */
		values[i] = i * 37 % 101 / 100.0;
		work(&n, (uint64_t)seconds[i] * 1000, values[i]);
		if (i == 20) { /* asleep through all of it */
			n.boot_ns += 3 * NS_PER_SEC;
			seconds[i] += 3;
			values[i] = NAN;
		}
		look(&n);
	}
	VIEW(&n, "cpu_busy");
	for (int m = 0; m < HISTORY_MEANS; m++) {
		double is = by_the_book(values, seconds, 40, history_mean_seconds[m]);

		if (!near(s->series[0].means[m], is))
			printf("# mean %d is %g, not %g\n", m, (double)s->series[0].means[m], is);
		CHECK(near(s->series[0].means[m], is));
	}
	return 0;
}

static int the_first_value_is_the_mean(void)
{
	NODE();

	look(&n);
	work(&n, 1000, 0.5);
	look(&n);
	VIEW(&n, "cpu_busy");
	CHECK(near(s->series[0].means[0], 0.5) && near(s->series[0].means[1], 0.5));
	return 0;
}

/* --- cgroups and disks --- */

static struct sched_row_sample *row(struct node *n, uint32_t number, uint64_t cgroup)
{
	struct sched_row_sample *r = sched_sample_add_row(n->now->sched);

	if (!r)
		abort();
	r->of = (struct ledger_row){ number, cgroup };
	return r;
}

static int a_cgroup_that_is_new_or_idle_has_true_points(void)
{
	NODE();

	row(&n, FL_LEDGER_OTHER, 0);
	look(&n);
	row(&n, 3, 77);
	n.now->sched->rows[1].counts.n[SCHED_RUN_NS] = 250 * NS_PER_MSEC;
	work(&n, 1000, 0.5);
	look(&n);
	work(&n, 1000, 0.5);
	look(&n);
	VIEW(&n, "cgroup_");
	CHECK(s->count == 3 && !strcmp(s->series[0].name, "cgroup_run"));
	CHECK(near(points(s, 0)[0], 0.25) && points(s, 0)[1] == 0);
	CHECK(points(s, 1)[0] == 0 && points(s, 2)[1] == 0);
	CHECK(!strcmp(s->series[0].whose.cgroup, "(gone, id 77)"));
	return 0;
}

/* As many cgroups as have a place, and as many again that do more. */
static int places_go_to_those_who_do_most(void)
{
	NODE();
	size_t busy = 0;

	row(&n, FL_LEDGER_OTHER, 0);
	for (uint32_t i = 1; i <= 2 * HISTORY_CGROUPS; i++)
		row(&n, i, 1000 + i);
	look(&n);
	for (int second = 0; second < 10; second++) {
		for (size_t i = 1; i <= 2 * HISTORY_CGROUPS; i++)
			n.now->sched->rows[i].counts.n[SCHED_WAIT_NS] +=
				(i <= HISTORY_CGROUPS ? 1 : 10) * NS_PER_MSEC;
		work(&n, 1000, 0.5);
		look(&n);
	}
	VIEW(&n, "cgroup_wait");
	CHECK(s->count == HISTORY_CGROUPS);
	for (size_t i = 0; i < s->count; i++)
		busy += near(points(s, i)[9], 0.01);
	CHECK(busy == HISTORY_CGROUPS);
	return 0;
}

static int who_is_gone_for_ten_minutes_has_no_place(void)
{
	NODE();

	row(&n, FL_LEDGER_OTHER, 0);
	row(&n, 3, 77)->counts.n[SCHED_RUN_NS] = 5;
	look(&n);
	n.now->sched->rows[1].counts.n[SCHED_RUN_NS] += NS_PER_SEC;
	work(&n, 1000, 0.5);
	look(&n);
	n.now->sched->row_count = 1;
	for (int i = 0; i < HISTORY_POINTS - 10; i++) {
		work(&n, 1000, 0.5);
		look(&n);
	}
	{
		VIEW(&n, "cgroup_run");
		CHECK(s->count == 1 && near(points(s, 0)[0], 1) && isnan(points(s, 0)[1]));
	}
	for (int i = 0; i < 20; i++) {
		work(&n, 1000, 0.5);
		look(&n);
	}
	VIEW(&n, "cgroup_run");
	CHECK(s->count == 0);
	return 0;
}

static void give_disk(struct node *n, uint32_t number, uint32_t index)
{
	n->now->disk.devices = calloc(1, sizeof(*n->now->disk.devices));
	if (!n->now->disk.devices)
		abort();
	n->now->disk.device_count = 1;
	n->now->disk.devices[0].number = number;
	n->now->disk.devices[0].index = index;
}

static void do_ios(struct node *n, uint64_t ios, unsigned int slot)
{
	struct disk_count *c = &n->now->disk.devices[0].op[FL_DISK_WRITE];

	c->ios += ios;
	c->completed += ios;
	c->bytes += ios * 4096;
	c->device.slots[slot] += ios;
}

static int a_disk_made_again_under_its_number_never_spikes(void)
{
	NODE();

	give_disk(&n, 7 << 20 | 3, 4);
	do_ios(&n, 1000000, 2);
	look(&n);
	do_ios(&n, 100, 2);
	work(&n, 1000, 0.5);
	look(&n);
	/* taken away; its row was given back and begins again */
	n.now->disk.devices[0] = (struct disk_device_sample){ .number = 7 << 20 | 3, .index = 4 };
	do_ios(&n, 50, 2);
	work(&n, 1000, 0.5);
	look(&n);
	do_ios(&n, 100, 2);
	work(&n, 1000, 0.5);
	look(&n);
	VIEW(&n, "disk_ios");
	CHECK(s->count == 1 && s->points == 3 && !strcmp(s->series[0].whose.disk, "7:3"));
	CHECK(near(points(s, 0)[0], 100) && isnan(points(s, 0)[1]) && near(points(s, 0)[2], 100));
	return 0;
}

static int a_percentile_of_nothing_is_unknown(void)
{
	NODE();

	give_disk(&n, 8 << 20, 1);
	look(&n);
	do_ios(&n, 10, 4);
	work(&n, 1000, 0.5);
	look(&n);
	work(&n, 1000, 0.5);
	look(&n);
	VIEW(&n, "disk_device_p99");
	CHECK(near(points(s, 0)[0], (double)hist_slot_end_ns(4) / NS_PER_SEC));
	CHECK(isnan(points(s, 0)[1]));
	return 0;
}

/* --- the rest --- */

static int an_interface_that_is_new_here_brings_nothing_from_before(void)
{
	struct network *net;
	NODE();

	net = &n.now->network;
	net->count = 1;
	strcpy(net->interfaces[0].name, "eth0");
	net->interfaces[0].sent.bytes = 5000;
	look(&n);
	net->interfaces[0].sent.bytes += 1000;
	net->count = 2;
	strcpy(net->interfaces[1].name, "veth9"); /* renamed: it counts on */
	net->interfaces[1].sent.bytes = 1ull << 40;
	work(&n, 1000, 0.5);
	look(&n);
	VIEW(&n, "network_sent");
	CHECK(near(points(s, 0)[0], 1000));
	return 0;
}

static int what_is_off_has_no_points(void)
{
	struct history_known known = knows_all;
	NODE();

	known.sched = false;
	look(&n);
	work(&n, 1000, 0.5);
	n.now->when_ns = n.mono_ns;
	CHECK(history_feed(n.history, &known, n.then, n.now, n.boot_ns) == 0);
	VIEW(&n, "cpu_busy");
	CHECK(s->points == 1 && isnan(points(s, 0)[0]));
	return 0;
}

static int only_the_newest_points_are_kept(void)
{
	NODE();

	look(&n);
	for (int i = 0; i < HISTORY_POINTS + 50; i++) {
		n.now->memory.available_bytes = (uint64_t)i;
		work(&n, 1000, 0.5);
		look(&n);
	}
	VIEW(&n, "memory_available");
	CHECK(s->points == HISTORY_POINTS);
	for (int i = 0; i < HISTORY_POINTS; i++)
		CHECK(points(s, 0)[i] == (float)(i + 50));
	return 0;
}

static int a_view_is_of_the_series_and_the_length_that_were_asked_for(void)
{
	CLEANUP(history_snapshot_freep) struct history_snapshot *s = NULL;
	NODE();

	look(&n);
	for (int i = 0; i < 20; i++) {
		work(&n, 1000, i / 20.0);
		look(&n);
	}
	CHECK(history_view(n.history, "pressure_", 5, n.boot_ns, n.boot_ns, &s) == 0);
	CHECK(s->count == 3 && s->points == 5);
	CHECK(history_view(n.history, "nothing", 5, n.boot_ns, n.boot_ns, &s) == -EINVAL);
	return 0;
}

TEST_MAIN({ "it takes no more memory than the header says",
	    it_takes_no_more_memory_than_the_header_says },
	  { "a second is a point", a_second_is_a_point },
	  { "faster samples are averaged into their second",
	    faster_samples_are_averaged_into_their_second },
	  { "a sample over the end of a second is shared by both",
	    a_sample_over_the_end_of_a_second_is_shared_by_both },
	  { "slow samples leave gaps and a true mean", slow_samples_leave_gaps_and_a_true_mean },
	  { "a suspend is a gap and no spike", a_suspend_is_a_gap_and_no_spike },
	  { "a gap longer than all points leaves none", a_gap_longer_than_all_points_leaves_none },
	  { "counters that start anew are a gap", counters_that_start_anew_are_a_gap },
	  { "the wall clock moves nothing but the label",
	    the_wall_clock_moves_nothing_but_the_label },
	  { "the means are right for irregular intervals",
	    the_means_are_right_for_irregular_intervals },
	  { "the first value is the mean", the_first_value_is_the_mean },
	  { "a cgroup that is new or idle has true points",
	    a_cgroup_that_is_new_or_idle_has_true_points },
	  { "places go to those who do most", places_go_to_those_who_do_most },
	  { "who is gone for ten minutes has no place", who_is_gone_for_ten_minutes_has_no_place },
	  { "a disk made again under its number never spikes",
	    a_disk_made_again_under_its_number_never_spikes },
	  { "a percentile of nothing is unknown", a_percentile_of_nothing_is_unknown },
	  { "an interface that is new here brings nothing from before",
	    an_interface_that_is_new_here_brings_nothing_from_before },
	  { "what is off has no points", what_is_off_has_no_points },
	  { "only the newest points are kept", only_the_newest_points_are_kept },
	  { "a view is of the series and the length that were asked for",
	    a_view_is_of_the_series_and_the_length_that_were_asked_for }, )
