/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost: what could not be counted, measured or answered, by where.  Counts only grow.  A row
 * is there from the start, with 0; docs/http.md says at length what each one means.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define LOST_MAX 32

struct lost {
	char where[32];
	uint64_t count;
};

struct losses {
	size_t count;
	struct lost rows[LOST_MAX];
};

/* Rows come from code of ours, LOST_MAX holds them; more are left out. */
void losses_add(struct losses *l, const char *where, uint64_t count);

/* What is lost there, for a person: half a line.  "" for a place of a later version. */
const char *lost_meaning(const char *where);
