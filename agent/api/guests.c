/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/guests.h"

#include <stdlib.h>
#include <sys/socket.h>

struct guest *guest_new(struct guest **list, int fd, uint64_t now_ns)
{
	struct guest *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	*g = (struct guest){ .next = *list, .link = list, .fd = fd, .since_ns = now_ns };
	if (g->next)
		g->next->link = &g->next;
	*list = g;
	return g;
}

struct guest *guest_free(struct guest *g)
{
	if (g) {
		*g->link = g->next;
		if (g->next)
			g->next->link = g->link;
	}
	free(g);
	return NULL;
}

void guest_becomes(struct guest *g, enum guest_state state, uint64_t now_ns)
{
	if (!g || g->state == GUEST_LEAVING)
		return;
	g->state = state;
	if (state != GUEST_ASKING) /* else a line now and then would be a stay for ever */
		g->since_ns = now_ns;
}

void guest_show_out(struct guest *g)
{
	shutdown(g->fd, SHUT_RDWR);
	g->state = GUEST_LEAVING;
}

static uint64_t show_out(struct guest *list, enum guest_state first, enum guest_state last,
			 uint64_t now_ns, uint64_t for_ns)
{
	uint64_t shown = 0;

	for (struct guest *g = list; g; g = g->next)
		if (g->state >= first && g->state <= last && now_ns - g->since_ns >= for_ns) {
			guest_show_out(g);
			shown++;
		}
	return shown;
}

uint64_t guests_show_out_asking(struct guest *list, uint64_t now_ns, uint64_t for_ns)
{
	return show_out(list, GUEST_SILENT, GUEST_ASKING, now_ns, for_ns);
}

uint64_t guests_show_out_sending(struct guest *list, uint64_t now_ns, uint64_t for_ns)
{
	return show_out(list, GUEST_SENDING, GUEST_SENDING, now_ns, for_ns);
}

uint64_t guests_show_out_taking(struct guest *list, uint64_t now_ns, uint64_t for_ns)
{
	return show_out(list, GUEST_TAKING, GUEST_TAKING, now_ns, for_ns);
}

/* A request that nobody has read yet, or the end of the stream: both are seen to in a moment. */
static bool has_something_to_read(const struct guest *g)
{
	char byte;

	return recv(g->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

struct guest *guests_longest_silent(struct guest *list)
{
	struct guest *longest = NULL;

	for (struct guest *g = list; g; g = g->next) {
		if (g->state == GUEST_LEAVING)
			return NULL;
		if (g->state == GUEST_SILENT && (!longest || g->since_ns < longest->since_ns) &&
		    !has_something_to_read(g))
			longest = g;
	}
	return longest;
}
