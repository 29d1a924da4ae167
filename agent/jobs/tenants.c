/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/tenants.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"

/*
 * Who is refused because a queue is full is told a second: how long the jobs before it run is
 * not known, and Retry-After has whole seconds.
 */
#define RETRY_NS  NS_PER_SEC

/* How many of those that were idle longest are looked at for one to forget. */
#define LOOKED_AT 16

struct tenants {
	struct queue *queue;
	struct tenant_rules rules;
	struct tenant *ruled[TENANT_RULES_MAX]; /* a rule each; owned, and in `used` */
	struct list used;                       /* all of them; who came longest ago is first */
	struct list *chains;                    /* users without a rule, by uid */
	size_t mask, own, kept;
	struct tenant_counts past; /* of those that are forgotten */
};

static void add_counts(struct tenant_counts *sum, const struct tenant_counts *c)
{
	sum->started += c->started;
	sum->queued += c->queued;
	for (size_t i = 0; i < _TENANT_LIMIT_MAX; i++)
		sum->refused[i] += c->refused[i];
}

/* --- making and forgetting --- */

static bool is_idle(const struct tenant *t)
{
	return !t->running && !t->lane.length;
}

static void forget(struct tenants *all, struct tenant *t)
{
	add_counts(&all->past, &t->counts);
	all->own -= !t->by_rule;
	list_remove(&t->used);
	list_remove(&t->chain);
	free(t);
}

static struct tenant *make(struct tenants *all, const char *name,
			   const struct tenant_limits *limits, uint64_t now_ns)
{
	struct tenant *t = malloc(sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct tenant){ .limits = *limits };
	snprintf(t->name, sizeof(t->name), "%s", name);
	bucket_init(&t->bucket, limits->rate, limits->burst, now_ns);
	queue_lane_init(&t->lane, all->queue);
	list_init(&t->chain);
	list_append(&all->used, &t->used);
	return t;
}

/* A bucket that is not full would be so if it came again: it should not gain by being forgotten. */
static bool is_forgettable(const struct tenant *t, uint64_t now_ns)
{
	return is_idle(t) && !t->by_rule && (!t->limits.rate || bucket_is_full(&t->bucket, now_ns));
}

/*
 * Room for one more.  Those that are busy, or of a rule, step back to the end, so the next call
 * looks at others.  Where none has a full bucket, the first that is idle goes all the same: who
 * has so many users may gain a burst by it, but nobody is kept out by users that are gone.
 */
static bool make_room(struct tenants *all, uint64_t now_ns)
{
	struct tenant *idle = NULL, *t;
	struct list *link = all->used.next, *next;

	if (all->own < all->kept)
		return true;
	for (int i = 0; i < LOOKED_AT && link != &all->used; i++, link = next) {
		next = link->next;
		t = LIST_OF(link, struct tenant, used);
		if (is_forgettable(t, now_ns)) {
			forget(all, t);
			return true;
		}
		if (!is_idle(t) || t->by_rule)
			list_move_to_end(&all->used, link);
		else if (!idle)
			idle = t;
	}
	if (idle)
		forget(all, idle);
	return idle != NULL;
}

/* Multiplied, as users come in rows of numbers, and those of containers a power of two apart. */
static struct list *chain_of(const struct tenants *all, uint32_t uid)
{
	return &all->chains[(uid * 0x9e3779b97f4a7c15 >> 32) & all->mask];
}

static struct tenant *find_own(const struct tenants *all, uint32_t uid)
{
	struct list *chain = chain_of(all, uid);

	for (struct list *link = chain->next; link != chain; link = link->next) {
		struct tenant *t = LIST_OF(link, struct tenant, chain);

		if (t->uid == uid)
			return t;
	}
	return NULL;
}

static struct tenant *make_own(struct tenants *all, uint32_t uid, uint64_t now_ns)
{
	char name[TENANT_NAME_MAX];
	struct tenant *t;

	snprintf(name, sizeof(name), "uid-%" PRIu32, uid);
	t = make_room(all, now_ns) ? make(all, name, &all->rules.others, now_ns) : NULL;
	if (!t)
		return NULL;
	t->uid = uid;
	all->own++;
	list_append(chain_of(all, uid), &t->chain);
	return t;
}

static struct tenant *tenant_of(struct tenants *all, uint32_t uid, uint64_t now_ns)
{
	const struct tenant_rule *rule = tenant_rules_find(&all->rules, uid);
	struct tenant *t = rule ? all->ruled[rule - all->rules.rules] : find_own(all, uid);

	return t ? t : make_own(all, uid, now_ns);
}

/* --- the rules --- */

static void set_limits(struct tenant *t, const struct tenant_limits *limits, uint64_t now_ns)
{
	if (!t->limits.rate) /* nobody counted until now */
		bucket_init(&t->bucket, limits->rate, limits->burst, now_ns);
	else
		bucket_change(&t->bucket, limits->rate, limits->burst, now_ns);
	t->limits = *limits;
	if (t->running >= limits->jobs)
		queue_hold(&t->lane);
	else
		queue_release(&t->lane);
}

/* Its rule may have gone before and come back; no user's own is called as a rule may be. */
static struct tenant *find_named(const struct tenants *all, const char *name)
{
	for (struct list *link = all->used.next; link != &all->used; link = link->next) {
		struct tenant *t = LIST_OF(link, struct tenant, used);

		if (strcmp(t->name, name) == 0)
			return t;
	}
	return NULL;
}

/* One that has no rule any more is as one of a user's own, so it goes when it is idle. */
static void orphan(struct tenants *all, struct tenant *t)
{
	t->by_rule = false;
	if (is_idle(t))
		forget(all, t);
}

static void count_own(struct tenants *all)
{
	all->own = 0;
	for (struct list *link = all->used.next; link != &all->used; link = link->next)
		all->own += !LIST_OF(link, struct tenant, used)->by_rule;
}

static bool is_kept(struct tenant *const *ruled, const struct tenant_rules *rules,
		    const struct tenant *t)
{
	for (size_t i = 0; i < rules->count; i++)
		if (ruled[i] == t)
			return true;
	return false;
}

/* Each rule's tenant: the one it had by that name, or a new one.  Nothing else changes yet. */
static int find_or_make(struct tenants *all, const struct tenant_rules *rules, uint64_t now_ns,
			struct tenant *ret[TENANT_RULES_MAX])
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct tenant_rule *rule = &rules->rules[i];

		ret[i] = find_named(all, rule->name);
		if (!ret[i])
			ret[i] = make(all, rule->name, &rule->limits, now_ns);
		if (!ret[i]) {
			while (i-- > 0)
				if (!ret[i]->by_rule)
					orphan(all, ret[i]);
			count_own(all);
			return -ENOMEM;
		}
	}
	return 0;
}

int tenants_change(struct tenants *all, const struct tenant_rules *rules, uint64_t now_ns)
{
	struct tenant *ruled[TENANT_RULES_MAX] = { 0 };
	struct list *next;
	int r = find_or_make(all, rules, now_ns, ruled);

	if (r)
		return r;
	for (size_t i = 0; i < all->rules.count; i++)
		if (!is_kept(ruled, rules, all->ruled[i]))
			orphan(all, all->ruled[i]);
	for (size_t i = 0; i < rules->count; i++)
		ruled[i]->by_rule = true;
	for (struct list *link = all->used.next; link != &all->used; link = next) {
		struct tenant *t = LIST_OF(link, struct tenant, used);

		next = link->next;
		if (!t->by_rule)
			set_limits(t, &rules->others, now_ns);
	}
	all->rules = *rules;
	memcpy(all->ruled, ruled, sizeof(ruled));
	for (size_t i = 0; i < rules->count; i++)
		set_limits(ruled[i], &rules->rules[i].limits, now_ns);
	count_own(all);
	return 0;
}

int tenants_new(struct tenants **ret, struct queue *q, const struct tenant_rules *rules,
		size_t kept)
{
	CLEANUP(tenants_freep) struct tenants *all = calloc(1, sizeof(*all));
	size_t chains = 16;

	if (!all)
		return -ENOMEM;
	while (chains < kept)
		chains *= 2;
	all->queue = q;
	all->kept = kept;
	all->mask = chains - 1;
	list_init(&all->used);
	all->chains = reallocarray(NULL, chains, sizeof(*all->chains));
	for (size_t i = 0; all->chains && i < chains; i++)
		list_init(&all->chains[i]);
	/* Buckets are made full, at whatever time. */
	if (!all->chains || tenants_change(all, rules, 0))
		return -ENOMEM;
	*ret = TAKE(all);
	return 0;
}

struct tenants *tenants_free(struct tenants *all)
{
	struct list *link;

	if (!all)
		return NULL;
	while ((link = list_first(&all->used)))
		forget(all, LIST_OF(link, struct tenant, used));
	free(all->chains);
	free(all);
	return NULL;
}

void tenants_freep(struct tenants **all)
{
	tenants_free(*all);
}

/* --- a job's way --- */

static struct tenant_answer refuse(struct tenant_counts *counts, enum tenant_limit limit,
				   uint64_t retry_ns)
{
	counts->refused[limit]++;
	return (struct tenant_answer){ TENANT_REFUSE, limit, retry_ns };
}

void tenant_start(struct tenant *t)
{
	t->counts.started++;
	if (++t->running >= t->limits.jobs)
		queue_hold(&t->lane);
}

void tenant_done(struct tenant *t)
{
	if (--t->running < t->limits.jobs)
		queue_release(&t->lane);
}

/* Who is refused for want of room to wait has not used up a token by it. */
static struct tenant_answer admit(struct tenant *t, bool room, uint64_t now_ns)
{
	bool starts = room && t->running < t->limits.jobs && !t->lane.length;

	if (!starts && t->lane.length >= t->limits.queue)
		return refuse(&t->counts, TENANT_QUEUE_FULL, RETRY_NS);
	if (!starts && queue_is_full(t->lane.queue))
		return refuse(&t->counts, TENANT_NODE_FULL, RETRY_NS);
	if (t->limits.rate && !bucket_take(&t->bucket, 1, now_ns))
		return refuse(&t->counts, TENANT_RATE, bucket_wait(&t->bucket, 1, now_ns));
	if (!starts) {
		t->counts.queued++;
		return (struct tenant_answer){ .verdict = TENANT_QUEUE };
	}
	tenant_start(t);
	return (struct tenant_answer){ .verdict = TENANT_START };
}

struct tenant_answer tenant_admit(struct tenants *all, uint32_t uid, bool room, uint64_t now_ns,
				  struct tenant **ret)
{
	struct tenant *t = *ret = tenant_of(all, uid, now_ns);

	if (!t)
		return refuse(&all->past, TENANT_TOO_MANY, RETRY_NS);
	list_move_to_end(&all->used, &t->used);
	return admit(t, room, now_ns);
}

struct tenant *tenant_of_lane(struct queue_lane *lane)
{
	return LIST_OF(lane, struct tenant, lane);
}

const struct tenant *tenants_next(const struct tenants *all, const struct tenant *after)
{
	const struct list *next = after ? after->used.next : all->used.next;

	return next == &all->used ? NULL : LIST_OF(next, const struct tenant, used);
}

struct tenant_counts tenants_counts(const struct tenants *all)
{
	struct tenant_counts sum = all->past;

	for (const struct tenant *t = NULL; (t = tenants_next(all, t));)
		add_counts(&sum, &t->counts);
	return sum;
}
