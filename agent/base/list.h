/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list: what is kept in an order and leaves from anywhere, each step in constant time and without
 * memory of its own: the link lies in what is linked.  A link that is in no list points at
 * itself; so does the head of an empty one.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

/* What holds the link: LIST_OF(link, struct job, waits). */
#define LIST_OF(link, type, member) ((type *)((char *)(link) - offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

/* Of a head: nothing is in it.  Of a link: it is in no list. */
static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* A link in no list goes to the end. */
static inline void list_append(struct list *head, struct list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/* May be in no list; then nothing happens. */
static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

static inline void list_move_to_end(struct list *head, struct list *link)
{
	list_remove(link);
	list_append(head, link);
}

/* NULL when empty. */
static inline struct list *list_first(const struct list *head)
{
	return list_is_empty(head) ? NULL : head->next;
}
