/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cache/results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/list.h"

/* Of S3-FIFO's paper: a tenth of the room is for what is new, hits are counted up to 3. */
enum { NEW_PART = 10, HITS_MAX = 3, HITS_TO_STAY = 2 };

/* Fingerprints of what went: as many as there would be results of 4 KiB, within reason. */
enum { GHOST_BYTES = 4096, GHOSTS_MIN = 256, GHOSTS_MAX = 65536 };

struct result {
	struct list order, chain;
	uint8_t key[RESULTS_KEY];
	uint64_t expires_ns;
	size_t size;
	uint8_t hits;
	bool proven; /* in the larger part */
	char bytes[];
};

_Static_assert(sizeof(struct result) <= RESULTS_OVERHEAD, "what it counts is what it takes");

struct part {
	struct list order; /* the oldest is first */
	size_t bytes;
};

struct results {
	struct part fresh, proven;
	struct list *chains;
	unsigned int chain_bits;
	uint32_t *ghosts;
	size_t ghost_count; /* a power of two */
	uint64_t factor;    /* odd and secret */
	size_t bytes_max;
	struct results_counts counts;
};

/* --- where a key is --- */

/* The key is a digest, so any of its bytes will do; only who knows the factor can make them fall
 * together in the upper bits. */
static uint64_t hash_of(const struct results *r, const uint8_t key[RESULTS_KEY])
{
	uint64_t first;

	memcpy(&first, key, sizeof(first));
	return first * r->factor;
}

static struct list *chain_of(const struct results *r, const uint8_t key[RESULTS_KEY])
{
	return &r->chains[hash_of(r, key) >> (64 - r->chain_bits)];
}

static struct result *find(const struct results *r, const uint8_t key[RESULTS_KEY])
{
	struct list *chain = chain_of(r, key);

	for (struct list *link = chain->next; link != chain; link = link->next) {
		struct result *e = LIST_OF(link, struct result, chain);

		if (memcmp(e->key, key, RESULTS_KEY) == 0)
			return e;
	}
	return NULL;
}

static struct list *make_chains(unsigned int bits)
{
	struct list *chains = reallocarray(NULL, (size_t)1 << bits, sizeof(*chains));

	for (size_t i = 0; chains && i < (size_t)1 << bits; i++)
		list_init(&chains[i]);
	return chains;
}

static void rehash(struct results *r, const struct part *part)
{
	for (struct list *link = part->order.next; link != &part->order; link = link->next) {
		struct result *e = LIST_OF(link, struct result, order);

		list_append(chain_of(r, e->key), &e->chain);
	}
}

/* Without memory the chains only get longer. */
static void grow_chains(struct results *r)
{
	struct list *chains =
		r->counts.entries >> r->chain_bits ? make_chains(r->chain_bits + 1) : NULL;

	if (!chains)
		return;
	free(r->chains);
	r->chains = chains;
	r->chain_bits++;
	rehash(r, &r->fresh);
	rehash(r, &r->proven);
}

/* --- what went not long ago --- */

static uint32_t *ghost_of(const struct results *r, const uint8_t key[RESULTS_KEY])
{
	return &r->ghosts[(hash_of(r, key) >> 16) & (r->ghost_count - 1)];
}

/* Never 0, which is nobody.  Of other bytes of the key than its place. */
static uint32_t fingerprint_of(const uint8_t key[RESULTS_KEY])
{
	uint32_t print;

	memcpy(&print, key + 8, sizeof(print));
	return print | 1;
}

/* --- coming and going --- */

static size_t cost_of(size_t size)
{
	return size + RESULTS_OVERHEAD;
}

static struct part *part_of(struct results *r, const struct result *e)
{
	return e->proven ? &r->proven : &r->fresh;
}

static void drop(struct results *r, struct result *e)
{
	part_of(r, e)->bytes -= cost_of(e->size);
	r->counts.bytes -= cost_of(e->size);
	r->counts.entries--;
	list_remove(&e->order);
	list_remove(&e->chain);
	free(e);
}

/* A result that takes its place soon comes into the larger part. */
static void remember(struct results *r, const struct result *e)
{
	*ghost_of(r, e->key) = fingerprint_of(e->key);
}

static void evict(struct results *r, struct result *e)
{
	if (!e->proven)
		remember(r, e);
	r->counts.evicted++;
	drop(r, e);
}

/* That it was asked for is as true of what the job gives next. */
static void replace(struct results *r, struct result *e)
{
	if (e->proven || e->hits >= HITS_TO_STAY)
		remember(r, e);
	drop(r, e);
}

static void expire(struct results *r, struct result *e)
{
	r->counts.expired++;
	replace(r, e);
}

static void prove(struct results *r, struct result *e)
{
	r->fresh.bytes -= cost_of(e->size);
	r->proven.bytes += cost_of(e->size);
	e->proven = true;
	e->hits = 0;
	list_move_to_end(&r->proven.order, &e->order);
}

/* A step of the larger part: each hit is worth one more round. */
static void pass_proven(struct results *r, struct result *e)
{
	if (!e->hits) {
		evict(r, e);
		return;
	}
	e->hits--;
	list_move_to_end(&r->proven.order, &e->order);
}

static void pass_fresh(struct results *r, struct result *e)
{
	if (e->hits >= HITS_TO_STAY)
		prove(r, e);
	else
		evict(r, e);
}

/* Ends, as each step takes something out or a hit away. */
static void make_room(struct results *r, size_t wanted, uint64_t now_ns)
{
	while (r->counts.entries && r->counts.bytes + wanted > r->bytes_max) {
		struct list *fresh = list_first(&r->fresh.order);
		struct list *proven = list_first(&r->proven.order);

		bool of_fresh = fresh && (!proven || r->fresh.bytes > r->bytes_max / NEW_PART);
		struct result *e = LIST_OF(of_fresh ? fresh : proven, struct result, order);

		if (e->expires_ns <= now_ns)
			expire(r, e);
		else if (of_fresh)
			pass_fresh(r, e);
		else
			pass_proven(r, e);
	}
}

/* --- the doors --- */

int results_new(struct results **ret, size_t bytes_max, uint64_t seed)
{
	CLEANUP(results_freep) struct results *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->bytes_max = bytes_max;
	r->factor = seed | 1;
	r->chain_bits = 6;
	list_init(&r->fresh.order);
	list_init(&r->proven.order);
	r->ghost_count = GHOSTS_MIN;
	while (r->ghost_count < GHOSTS_MAX && r->ghost_count < bytes_max / GHOST_BYTES)
		r->ghost_count *= 2;
	r->chains = make_chains(r->chain_bits);
	r->ghosts = calloc(r->ghost_count, sizeof(*r->ghosts));
	if (!r->chains || !r->ghosts)
		return -ENOMEM;
	*ret = TAKE(r);
	return 0;
}

struct results *results_free(struct results *r)
{
	if (!r)
		return NULL;
	results_clear(r);
	free(r->chains);
	free(r->ghosts);
	free(r);
	return NULL;
}

void results_freep(struct results **r)
{
	results_free(*r);
}

void results_limit(struct results *r, size_t bytes_max)
{
	r->bytes_max = bytes_max;
	make_room(r, 0, 0);
}

bool results_find(struct results *r, const uint8_t key[RESULTS_KEY], uint64_t now_ns,
		  const void **bytes, size_t *size)
{
	struct result *e = find(r, key);

	if (e && e->expires_ns <= now_ns) {
		expire(r, e);
		e = NULL;
	}
	if (!e) {
		r->counts.misses++;
		return false;
	}
	r->counts.hits++;
	if (e->hits < HITS_MAX)
		e->hits++;
	*bytes = e->bytes;
	*size = e->size;
	return true;
}

static void keep(struct results *r, struct result *e)
{
	uint32_t *ghost = ghost_of(r, e->key);

	e->proven = *ghost == fingerprint_of(e->key);
	if (e->proven)
		*ghost = 0;
	list_append(&part_of(r, e)->order, &e->order);
	part_of(r, e)->bytes += cost_of(e->size);
	r->counts.bytes += cost_of(e->size);
	r->counts.entries++;
	r->counts.stored++;
	grow_chains(r); /* which puts all that is in order where it belongs */
	if (list_is_empty(&e->chain))
		list_append(chain_of(r, e->key), &e->chain);
}

int results_put(struct results *r, const uint8_t key[RESULTS_KEY], const void *bytes, size_t size,
		uint64_t ttl_ns, uint64_t now_ns)
{
	bool fits = size <= r->bytes_max && cost_of(size) <= r->bytes_max / NEW_PART;
	struct result *e = find(r, key);

	if (e)
		replace(r, e);
	e = fits ? malloc(sizeof(*e) + size) : NULL;
	if (!e) {
		r->counts.refused++;
		return fits ? -ENOMEM : -E2BIG;
	}
	*e = (struct result){ .size = size };
	e->expires_ns = ttl_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + ttl_ns;
	memcpy(e->key, key, RESULTS_KEY);
	if (size)
		memcpy(e->bytes, bytes, size);
	list_init(&e->chain);
	list_init(&e->order);
	make_room(r, cost_of(size), now_ns);
	keep(r, e);
	return 0;
}

bool results_remove(struct results *r, const uint8_t key[RESULTS_KEY])
{
	struct result *e = find(r, key);

	if (e)
		drop(r, e);
	return e != NULL;
}

static void clear_part(struct results *r, struct part *part)
{
	struct list *link;

	while ((link = list_first(&part->order)))
		drop(r, LIST_OF(link, struct result, order));
}

void results_clear(struct results *r)
{
	clear_part(r, &r->fresh);
	clear_part(r, &r->proven);
	if (r->ghosts)
		memset(r->ghosts, 0, r->ghost_count * sizeof(*r->ghosts));
}

struct results_counts results_counts(const struct results *r)
{
	return r->counts;
}
