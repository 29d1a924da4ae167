/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pools: all of them.  Some are there from the start, as configured; for a kind of sandbox that
 * has none, one is made when it is asked for, and closed when it was of no use for a while.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct loop;
struct nurse_terms;
struct pool;
struct pool_terms;
struct pools;
struct warden;

int pools_new(struct pools **ret, struct loop *loop, struct warden *warden);
struct pools *pools_free(struct pools *p); /* returns NULL */

int pools_add(struct pools *p, const struct pool_terms *terms); /* stays */

/* The pool whose sandboxes are as these terms say, bytes that are not used zeroed; -ENOMEM,
 * or -ENOSPC when there are too many that somebody uses. */
int pools_find(struct pools *p, const struct nurse_terms *terms, const char *name,
	       struct pool **ret);

void pools_each(const struct pools *p, void (*each)(void *to, const struct pool *pool), void *to);
