/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/tenants.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "tests/lib/test.h"

static struct queue q;
static uint64_t now;

static struct tenant_rules rules_of(const char *text)
{
	char err[TENANT_RULES_FAULT];
	struct tenant_rules rules;

	if (tenant_rules_read(text, &rules, err, sizeof(err)))
		abort();
	return rules;
}

static struct tenants *fresh(const char *text, size_t waiting, size_t kept)
{
	struct tenant_rules rules = rules_of(text);
	struct tenants *all = NULL;

	now = 1000 * NS_PER_SEC;
	queue_init(&q, waiting, now);
	if (tenants_new(&all, &q, &rules, kept))
		abort();
	return all;
}

static void change(struct tenants *all, const char *text)
{
	struct tenant_rules rules = rules_of(text);

	if (tenants_change(all, &rules, now))
		abort();
}

/* What becomes of a job that could start at once; whose it is in *ret. */
static enum tenant_verdict come(struct tenants *all, uint32_t uid, struct tenant **ret)
{
	return tenant_admit(all, uid, true, now, ret).verdict;
}

static struct queue_entry *wait_in(struct tenant *t)
{
	struct queue_entry *e = malloc(sizeof(*e));

	if (!e)
		abort();
	queue_entry_init(e);
	if (queue_put(&t->lane, e, QUEUE_NORMAL, 0, now))
		abort();
	return e;
}

static int users_of_a_rule_are_one_and_others_are_their_own(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("web uids=5,10-19 jobs=3", 10, 4);
	struct tenant *a, *b, *c, *d;

	CHECK(come(all, 5, &a) == TENANT_START && come(all, 19, &b) == TENANT_START && a == b);
	CHECK(come(all, 1000, &c) == TENANT_START && come(all, 1001, &d) == TENANT_START);
	CHECK(c != d && !strcmp(c->name, "uid-1000") && !strcmp(a->name, "web"));
	CHECK(come(all, 1000, &d) == TENANT_START && c == d);
	CHECK(a->running == 2 && c->running == 2);
	return 0;
}

static int so_many_run_so_many_wait_and_the_next_is_refused(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("a uids=1 jobs=2 queue=2", 10, 4);
	CLEANUP(freep) struct queue_entry *x = NULL, *y = NULL;
	struct tenant_answer answer;
	struct tenant *t;
	bool expired;

	CHECK(come(all, 1, &t) == TENANT_START && come(all, 1, &t) == TENANT_START);
	CHECK(come(all, 1, &t) == TENANT_QUEUE);
	x = wait_in(t);
	CHECK(come(all, 1, &t) == TENANT_QUEUE);
	y = wait_in(t);
	answer = tenant_admit(all, 1, true, now, &t);
	CHECK(answer.verdict == TENANT_REFUSE && answer.limit == TENANT_QUEUE_FULL);
	CHECK(answer.retry_ns == NS_PER_SEC && t->counts.refused[TENANT_QUEUE_FULL] == 1);
	CHECK(!queue_take(&q, now, &expired)); /* it has as many under way as it may */
	tenant_done(t);
	CHECK(queue_take(&q, now, &expired) == x && tenant_of_lane(&t->lane) == t);
	tenant_start(t);
	CHECK(!queue_take(&q, now, &expired) && t->running == 2);
	queue_remove(y);
	tenant_done(t);
	tenant_done(t);
	CHECK(!t->running && !t->lane.length);
	CHECK(t->counts.started == 3 && t->counts.queued == 2);
	return 0;
}

static int who_comes_later_does_not_pass_who_waits(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("", 10, 4);
	CLEANUP(freep) struct queue_entry *x = NULL;
	struct tenant *t;

	CHECK(tenant_admit(all, 1, false, now, &t).verdict == TENANT_QUEUE);
	x = wait_in(t);
	CHECK(come(all, 1, &t) == TENANT_QUEUE);
	queue_remove(x);
	CHECK(come(all, 1, &t) == TENANT_START);
	return 0;
}

static int a_rate_is_held_and_says_when_to_come_again(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("a uids=1 rate=4 burst=2", 10, 4);
	struct tenant_answer answer;
	struct tenant *t;

	CHECK(come(all, 1, &t) == TENANT_START && come(all, 1, &t) == TENANT_START);
	answer = tenant_admit(all, 1, true, now, &t);
	CHECK(answer.verdict == TENANT_REFUSE && answer.limit == TENANT_RATE);
	CHECK(answer.retry_ns == NS_PER_SEC / 4);
	now += answer.retry_ns;
	CHECK(come(all, 1, &t) == TENANT_START);
	CHECK(come(all, 1, &t) == TENANT_REFUSE);
	return 0;
}

static int who_finds_no_room_has_spent_no_token(void)
{
	CLEANUP(tenants_freep)
	struct tenants *all = fresh("a uids=1 jobs=1 queue=0 rate=1 burst=2", 10, 4);
	struct tenant *t;

	CHECK(come(all, 1, &t) == TENANT_START);
	for (int i = 0; i < 10; i++)
		CHECK(tenant_admit(all, 1, true, now, &t).limit == TENANT_QUEUE_FULL);
	tenant_done(t);
	CHECK(come(all, 1, &t) == TENANT_START);
	return 0;
}

static int when_the_node_is_full_nobody_waits(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("", 1, 4);
	CLEANUP(freep) struct queue_entry *x = NULL;
	struct tenant_answer answer;
	struct tenant *t;

	CHECK(tenant_admit(all, 1, false, now, &t).verdict == TENANT_QUEUE);
	x = wait_in(t);
	answer = tenant_admit(all, 2, false, now, &t);
	CHECK(answer.verdict == TENANT_REFUSE && answer.limit == TENANT_NODE_FULL);
	CHECK(come(all, 2, &t) == TENANT_START);
	queue_remove(x);
	return 0;
}

static int the_longest_idle_is_forgotten_and_no_busy_one(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("web uids=5", 10, 3);
	struct tenant *busy, *t;
	size_t count = 0;

	CHECK(come(all, 1, &busy) == TENANT_START);
	for (uint32_t uid = 100; uid < 1100; uid++) {
		CHECK(come(all, uid, &t) == TENANT_START);
		tenant_done(t);
	}
	CHECK(busy->running == 1 && busy->uid == 1 && !strcmp(busy->name, "uid-1"));
	for (const struct tenant *each = NULL; (each = tenants_next(all, each));)
		count++;
	CHECK(count == 4 && tenants_counts(all).started == 1001);
	CHECK(come(all, 1099, &t) == TENANT_START && t->counts.started == 2); /* the latest stays */
	CHECK(come(all, 1, &t) == TENANT_START && t == busy);
	return 0;
}

static int who_came_again_is_not_the_longest_idle(void)
{
	static const uint32_t uids[] = { 1, 2, 1, 3, 1 };
	CLEANUP(tenants_freep) struct tenants *all = fresh("", 10, 2);
	struct tenant *t;

	for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
		CHECK(come(all, uids[i], &t) == TENANT_START);
		tenant_done(t);
	}
	CHECK(t->counts.started == 3);
	return 0;
}

static int when_all_are_busy_the_next_is_refused(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("web uids=5", 10, 2);
	struct tenant_answer answer;
	struct tenant *a, *b, *t;

	CHECK(come(all, 1, &a) == TENANT_START && come(all, 2, &b) == TENANT_START);
	answer = tenant_admit(all, 3, true, now, &t);
	CHECK(answer.verdict == TENANT_REFUSE && answer.limit == TENANT_TOO_MANY && !t);
	CHECK(tenants_counts(all).refused[TENANT_TOO_MANY] == 1);
	CHECK(come(all, 5, &t) == TENANT_START); /* a rule's has its place */
	tenant_done(a);
	CHECK(come(all, 3, &t) == TENANT_START && b->running == 1);
	return 0;
}

static int a_spent_burst_does_not_come_back_by_being_forgotten(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("default rate=1 burst=2", 10, 2);
	struct tenant *t;

	for (uint32_t i = 0; i < 3; i++) {
		CHECK(come(all, 1 + i / 2, &t) == TENANT_START);
		tenant_done(t);
	}
	now += NS_PER_SEC * 6 / 5; /* 2's is full again, 1's, who came before, is not */
	CHECK(come(all, 3, &t) == TENANT_START);
	CHECK(come(all, 1, &t) == TENANT_START);
	CHECK(come(all, 1, &t) == TENANT_REFUSE);
	return 0;
}

static int changed_rules_hold_at_once_and_lose_nobody(void)
{
	CLEANUP(tenants_freep) struct tenants *all = fresh("a uids=1 jobs=1; b uids=2", 10, 4);
	struct tenant *a, *b, *t;
	size_t count = 0;

	CHECK(come(all, 1, &a) == TENANT_START && come(all, 2, &b) == TENANT_START);
	change(all, "c uids=2; a uids=1,3 jobs=2 rate=1 burst=1; default jobs=1");
	CHECK(come(all, 3, &t) == TENANT_START && t == a && a->running == 2);
	CHECK(come(all, 2, &t) == TENANT_START && !strcmp(t->name, "c") && t != b);
	CHECK(b->running == 1 && b->limits.jobs == 1);
	change(all, "a uids=1 jobs=1; b uids=2 jobs=7"); /* b comes back while it is busy */
	CHECK(come(all, 2, &t) == TENANT_START && t == b && b->running == 2);
	tenant_done(a);
	CHECK(a->running == 1 && a->lane.held); /* one less, and still as many as it may */
	tenant_done(a);
	CHECK(!a->running && !a->lane.held);
	change(all, "");
	for (const struct tenant *each = NULL; (each = tenants_next(all, each));)
		count++;
	CHECK(count == 2 && tenants_counts(all).started == 5); /* b and c, which are busy */
	return 0;
}

/* --- any course: what is under way and waits is what was let in and has not gone --- */

enum { JOBS = 60 };
static struct course {
	struct queue_entry entry;
	struct tenant *tenant; /* NULL: not there */
	bool runs;
} jobs[JOBS];

static void job_comes(struct tenants *all, struct course *job)
{
	struct tenant *t;
	struct tenant_answer answer =
		tenant_admit(all, (uint32_t)(random() % 12), random() % 2, now, &t);

	if (answer.verdict == TENANT_REFUSE)
		return;
	job->tenant = t;
	job->runs = answer.verdict == TENANT_START;
	queue_entry_init(&job->entry);
	if (!job->runs &&
	    queue_put(&t->lane, &job->entry, random() % _QUEUE_CLASS_MAX,
		      random() % 2 ? now + (uint64_t)(random() % NS_PER_SEC) : 0, now))
		abort(); /* there was to be room */
}

static void job_goes(struct course *job)
{
	if (job->runs)
		tenant_done(job->tenant);
	else
		queue_remove(&job->entry);
	job->tenant = NULL;
}

static bool next_starts(void)
{
	bool expired;
	struct queue_entry *e = queue_take(&q, now, &expired);
	struct course *job = e ? LIST_OF(e, struct course, entry) : NULL;

	if (!job)
		return true;
	if (!expired && job->tenant->running >= job->tenant->limits.jobs)
		return false;
	job->runs = !expired;
	if (expired)
		job->tenant = NULL;
	else
		tenant_start(job->tenant);
	return true;
}

static bool gauges_agree(const struct tenants *all)
{
	for (const struct tenant *t = NULL; (t = tenants_next(all, t));) {
		uint64_t running = 0, waiting = 0;

		for (int i = 0; i < JOBS; i++) {
			running += jobs[i].tenant == t && jobs[i].runs;
			waiting += jobs[i].tenant == t && !jobs[i].runs;
		}
		if (t->running != running || t->lane.length != waiting)
			return false;
	}
	return true;
}

static int gauges_come_back_to_nothing(void)
{
	static const char *const texts[] = { "a uids=1-3 jobs=4 queue=5", "",
					     "a uids=1,2 jobs=2; b uids=3-5 rate=50 burst=3",
					     "default jobs=2 queue=2; b uids=1-5 jobs=9" };
	CLEANUP(tenants_freep) struct tenants *all = fresh("", 30, 5);

	srandom(3);
	for (int step = 0; step < 50000; step++) {
		struct course *job = &jobs[random() % JOBS];

		now += (uint64_t)(random() % (20 * NS_PER_MSEC));
		if (random() % 500 == 0)
			change(all, texts[random() % 4]);
		else if (random() % 3 == 0)
			CHECK(next_starts());
		else if (job->tenant)
			job_goes(job);
		else
			job_comes(all, job);
		CHECK(gauges_agree(all));
	}
	for (int i = 0; i < JOBS; i++)
		if (jobs[i].tenant)
			job_goes(&jobs[i]);
	CHECK(gauges_agree(all) && !q.total);
	return 0;
}

static int admitting_costs_little(void)
{
	enum { TIMES = 200000 };
	CLEANUP(tenants_freep)
	struct tenants *all = fresh("default rate=1000000 burst=1000000", 10, 4096);
	struct tenant *t;
	uint64_t start = clock_mono_ns();

	for (uint32_t i = 0; i < TIMES; i++) {
		CHECK(come(all, i % 4096, &t) == TENANT_START);
		tenant_done(t);
	}
	printf("# admit and done: %.0f ns with 4096 tenants\n",
	       (double)(clock_mono_ns() - start) / TIMES);
	return 0;
}

TEST_MAIN({ "users of a rule are one and others are their own",
	    users_of_a_rule_are_one_and_others_are_their_own },
	  { "so many run, so many wait and the next is refused",
	    so_many_run_so_many_wait_and_the_next_is_refused },
	  { "who comes later does not pass who waits", who_comes_later_does_not_pass_who_waits },
	  { "a rate is held and says when to come again",
	    a_rate_is_held_and_says_when_to_come_again },
	  { "who finds no room has spent no token", who_finds_no_room_has_spent_no_token },
	  { "when the node is full nobody waits", when_the_node_is_full_nobody_waits },
	  { "the longest idle is forgotten and no busy one",
	    the_longest_idle_is_forgotten_and_no_busy_one },
	  { "who came again is not the longest idle", who_came_again_is_not_the_longest_idle },
	  { "when all are busy the next is refused", when_all_are_busy_the_next_is_refused },
	  { "a spent burst does not come back by being forgotten",
	    a_spent_burst_does_not_come_back_by_being_forgotten },
	  { "changed rules hold at once and lose nobody",
	    changed_rules_hold_at_once_and_lose_nobody },
	  { "gauges come back to nothing", gauges_come_back_to_nothing },
	  { "admitting costs little", admitting_costs_little }, )
