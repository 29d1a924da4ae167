/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest: the name that was probably meant.  Offer every name there is; ask for the best.
 */
#pragma once
#include <stddef.h>

struct suggestion {
	const char *wrong;
	unsigned int distance; /* of best; meaningless while best is empty */
	char best[64];
};

struct suggestion suggest_for(const char *wrong);
void suggest_offer(struct suggestion *s, const char *name);

/* ": did you mean 'x'?" with x between before and the quote, or else whatever otherwise says. */
void suggest_write(const struct suggestion *s, const char *before, const char *otherwise, char *ret,
		   size_t n);
