/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/wheel.h"

static uint64_t tick_of(uint64_t ns)
{
	return ns >> WHEEL_SHIFT;
}

static const struct list *slot_of(const struct wheel *w, uint64_t tick)
{
	return &w->slots[tick % WHEEL_SLOTS];
}

void wheel_init(struct wheel *w, uint64_t now_ns)
{
	w->tick = tick_of(now_ns);
	w->count = 0;
	list_init(&w->due);
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		list_init(&w->slots[i]);
}

void wheel_entry_init(struct wheel_entry *e)
{
	list_init(&e->link);
}

void wheel_add(struct wheel *w, struct wheel_entry *e, uint64_t at_ns)
{
	uint64_t tick = tick_of(at_ns);

	e->at_ns = at_ns;
	list_append(tick < w->tick ? &w->due : &w->slots[tick % WHEEL_SLOTS], &e->link);
	w->count++;
}

void wheel_remove(struct wheel *w, struct wheel_entry *e)
{
	if (list_is_empty(&e->link))
		return;
	list_remove(&e->link);
	w->count--;
}

/* Moves what was due before a tick; what is for a later turn stays. */
static void empty_slot(struct wheel *w, struct list *slot, uint64_t before)
{
	struct list *next;

	for (struct list *link = slot->next; link != slot; link = next) {
		next = link->next;
		if (tick_of(LIST_OF(link, struct wheel_entry, link)->at_ns) < before)
			list_move_to_end(&w->due, link);
	}
}

/* However long nobody asked, a turn of the wheel is all there is to look at. */
static void turn(struct wheel *w, uint64_t tick)
{
	uint64_t ticks = tick > w->tick ? tick - w->tick : 0;

	for (uint64_t i = 0; i < ticks && i < WHEEL_SLOTS; i++)
		empty_slot(w, &w->slots[(w->tick + i) % WHEEL_SLOTS], tick);
	w->tick += ticks;
}

struct wheel_entry *wheel_take_due(struct wheel *w, uint64_t now_ns)
{
	struct list *link;

	turn(w, tick_of(now_ns));
	link = list_first(&w->due);
	if (!link)
		return NULL;
	list_remove(link);
	w->count--;
	return LIST_OF(link, struct wheel_entry, link);
}

uint64_t wheel_when(const struct wheel *w)
{
	if (!w->count)
		return WHEEL_NEVER;
	if (!list_is_empty(&w->due))
		return 0;
	for (uint64_t tick = w->tick;; tick++) /* one of them has it */
		if (!list_is_empty(slot_of(w, tick)))
			return (tick + 1) << WHEEL_SHIFT;
}
