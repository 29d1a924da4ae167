/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/queue.h"

#include <errno.h>

/*
 * How many starts of higher classes one of this class lets pass.  A ninth of the starts for
 * normal and a thirty-third for batch cost those above little, and are enough that what waits
 * gets done at all.
 */
static const unsigned int patience[_QUEUE_CLASS_MAX] = { 0, 8, 32 };

void queue_init(struct queue *q, size_t max, uint64_t now_ns)
{
	*q = (struct queue){ .max = max };
	for (size_t i = 0; i < _QUEUE_CLASS_MAX; i++)
		list_init(&q->turns[i]);
	wheel_init(&q->deadlines, now_ns);
}

void queue_lane_init(struct queue_lane *lane, struct queue *q)
{
	*lane = (struct queue_lane){ .queue = q };
	for (size_t i = 0; i < _QUEUE_CLASS_MAX; i++) {
		list_init(&lane->turns[i].entries);
		list_init(&lane->turns[i].link);
		lane->turns[i].lane = lane;
	}
}

void queue_entry_init(struct queue_entry *e)
{
	*e = (struct queue_entry){ .lane = NULL };
	list_init(&e->link);
	wheel_entry_init(&e->deadline);
}

/* Its lane is in the turns of the class as long as it has something that may go. */
static void keep_turn(struct queue_lane *lane, enum queue_class class)
{
	struct queue_turn *turn = &lane->turns[class];
	bool goes = !lane->held && !list_is_empty(&turn->entries);

	if (goes == !list_is_empty(&turn->link))
		return;
	if (goes)
		list_append(&lane->queue->turns[class], &turn->link);
	else
		list_remove(&turn->link);
}

bool queue_is_full(const struct queue *q)
{
	return q->total >= q->max;
}

int queue_put(struct queue_lane *lane, struct queue_entry *e, enum queue_class class,
	      uint64_t deadline_ns, uint64_t now_ns)
{
	struct queue *q = lane->queue;

	if (queue_is_full(q))
		return -ENOBUFS;
	e->lane = lane;
	e->class = class;
	e->since_ns = now_ns;
	list_append(&lane->turns[class].entries, &e->link);
	if (deadline_ns)
		wheel_add(&q->deadlines, &e->deadline, deadline_ns);
	lane->length++;
	q->length[class]++;
	q->total++;
	keep_turn(lane, class);
	return 0;
}

void queue_remove(struct queue_entry *e)
{
	struct queue_lane *lane = e->lane;

	if (!lane)
		return;
	list_remove(&e->link);
	wheel_remove(&lane->queue->deadlines, &e->deadline);
	lane->length--;
	lane->queue->length[e->class]--;
	lane->queue->total--;
	keep_turn(lane, e->class);
	e->lane = NULL;
}

/* The highest class that was passed over long enough, else the highest that waits. */
static enum queue_class class_that_goes(const struct queue *q)
{
	enum queue_class first = _QUEUE_CLASS_MAX;

	for (enum queue_class c = 0; c < _QUEUE_CLASS_MAX; c++) {
		if (list_is_empty(&q->turns[c]))
			continue;
		if (c && q->passed[c] >= patience[c])
			return c;
		if (first == _QUEUE_CLASS_MAX)
			first = c;
	}
	return first;
}

static void count_start(struct queue *q, enum queue_class class)
{
	q->passed[class] = 0;
	for (enum queue_class c = class + 1; c < _QUEUE_CLASS_MAX; c++)
		q->passed[c] = list_is_empty(&q->turns[c]) ? 0 : q->passed[c] + 1;
}

struct queue_entry *queue_take_expired(struct queue *q, uint64_t now_ns)
{
	struct wheel_entry *due = wheel_take_due(&q->deadlines, now_ns);
	struct queue_entry *e = due ? LIST_OF(due, struct queue_entry, deadline) : NULL;

	if (e)
		queue_remove(e);
	return e;
}

/* The wheel may be a tick late; who stands first is looked at to the nanosecond. */
static bool is_expired(const struct queue_entry *e, uint64_t now_ns)
{
	return !list_is_empty(&e->deadline.link) && e->deadline.at_ns <= now_ns;
}

struct queue_entry *queue_take(struct queue *q, uint64_t now_ns, bool *expired)
{
	struct queue_entry *e = queue_take_expired(q, now_ns);
	enum queue_class class = e ? _QUEUE_CLASS_MAX : class_that_goes(q);
	struct queue_turn *turn;

	*expired = e != NULL;
	if (class == _QUEUE_CLASS_MAX)
		return e;
	turn = LIST_OF(list_first(&q->turns[class]), struct queue_turn, link);
	e = LIST_OF(list_first(&turn->entries), struct queue_entry, link);
	*expired = is_expired(e, now_ns);
	if (!*expired) {
		list_move_to_end(&q->turns[class], &turn->link);
		count_start(q, class);
	}
	queue_remove(e);
	return e;
}

static void set_held(struct queue_lane *lane, bool held)
{
	lane->held = held;
	for (enum queue_class c = 0; c < _QUEUE_CLASS_MAX; c++)
		keep_turn(lane, c);
}

void queue_hold(struct queue_lane *lane)
{
	set_held(lane, true);
}

void queue_release(struct queue_lane *lane)
{
	set_held(lane, false);
}

uint64_t queue_when(const struct queue *q)
{
	return wheel_when(&q->deadlines);
}
