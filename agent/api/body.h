/* SPDX-License-Identifier: Apache-2.0 */
/* body: of a request, collected as it comes; what is too much is dropped, and known to be. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct body {
	char *bytes; /* owned; has a byte of room behind its end */
	size_t size, room;
	size_t most;  /* of this one */
	size_t *held; /* of all of a door, borrowed; … */
	size_t held_most;
	bool too_large, too_many; /* … more than that are held: something was dropped */
	bool failed;              /* no memory: likewise */
};

void body_add(struct body *b, const void *bytes, size_t size);
char *body_take(struct body *b); /* the caller's from now on; NULL: no memory */
void body_drop(struct body *b);
