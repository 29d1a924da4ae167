/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guests: who is connected to a door, what he is about, and since when; from that, whom to show
 * out.  Whoever is shown out is not closed here: the door's library sees the end of his stream.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum guest_state {
	GUEST_SILENT,  /* has not asked, or has had his answer */
	GUEST_ASKING,  /* the first line of his request is here */
	GUEST_SENDING, /* its body is on its way */
	GUEST_SERVED,  /* his request is under way */
	GUEST_TAKING,  /* the answer is his to take */
	GUEST_LEAVING  /* was shown out */
};

struct guest {
	struct guest *next, **link;
	int fd;            /* borrowed */
	uint64_t since_ns; /* of his coming, or of what was last done for him */
	enum guest_state state;
};

/* NULL when out of memory: then nobody here knows of him. */
struct guest *guest_new(struct guest **list, int fd, uint64_t now_ns);
struct guest *guest_free(struct guest *g); /* takes NULL, returns NULL */

/* To ask does not make him any younger, and who leaves, leaves.  Takes NULL. */
void guest_becomes(struct guest *g, enum guest_state state, uint64_t now_ns);

/* Those without a whole request, without a whole body, or those who take their answers, who have
 * been at it for so long.  How many. */
uint64_t guests_show_out_asking(struct guest *list, uint64_t now_ns, uint64_t for_ns);
uint64_t guests_show_out_sending(struct guest *list, uint64_t now_ns, uint64_t for_ns);
uint64_t guests_show_out_taking(struct guest *list, uint64_t now_ns, uint64_t for_ns);

/*
 * Who makes room for a newcomer: of those who are silent, and have nothing on its way to us, the
 * one who has been it for longest.  NULL when there is none, or when somebody is leaving already.
 */
struct guest *guests_longest_silent(struct guest *list);
void guest_show_out(struct guest *g);
