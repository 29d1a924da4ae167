/* SPDX-License-Identifier: Apache-2.0 */
/*
 * results: what deterministic jobs gave, by a digest of all that decides it
 * (agent/jobs/cache_key.h).  Bounded in bytes; each result has its time to live and is never
 * found past it.  Pure: time is handed in, from a clock that does not run backwards.
 *
 * What goes when room is wanted is chosen by S3-FIFO, not by LRU.  Most deterministic jobs are run
 * once: with LRU each of them pushes out a result that is asked for again.  Here what is new must be
 * asked for twice while it passes through a tenth of the room to come into the rest, and one that comes
 * back soon after it went (its fingerprint is kept) comes into the rest at once.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESULTS_KEY = 32, RESULTS_OVERHEAD = 128 /* bytes that each counts beside its own */ };

struct results;

struct results_counts {
	uint64_t hits, misses;     /* expired ones are misses too */
	uint64_t expired, evicted; /* that went for their age, and for want of room */
	uint64_t stored, refused;  /* refused: too large, or no memory */
	size_t entries, bytes;     /* now */
};

/*
 * seed: of a random source, so that nobody can choose keys that fall together.  -ENOMEM.  A limit
 * of 0 keeps nothing.
 */
int results_new(struct results **ret, size_t bytes_max, uint64_t seed);
struct results *results_free(struct results *r);
void results_freep(struct results **r);

/* From now on; what is too much goes. */
void results_limit(struct results *r, size_t bytes_max);

/* Borrowed until the next call that is not results_find(). */
bool results_find(struct results *r, const uint8_t key[RESULTS_KEY], uint64_t now_ns,
		  const void **bytes, size_t *size);

/*
 * A copy, in place of what the key had.  -E2BIG when it would take more than a tenth of the room,
 * as it would push out too much; -ENOMEM.  Then the key has nothing.
 */
int results_put(struct results *r, const uint8_t key[RESULTS_KEY], const void *bytes, size_t size,
		uint64_t ttl_ns, uint64_t now_ns);

/* Whether there was one. */
bool results_remove(struct results *r, const uint8_t key[RESULTS_KEY]);
void results_clear(struct results *r);

struct results_counts results_counts(const struct results *r);
