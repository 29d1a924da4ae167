/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cache/results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "tests/lib/test.h"

struct key {
	uint8_t bytes[RESULTS_KEY];
};

/* As a digest would be: nothing of the number shows in it. */
static struct key key_of(uint64_t number)
{
	uint64_t words[RESULTS_KEY / 8];
	struct key ret;

	for (size_t i = 0; i < RESULTS_KEY / 8; i++) {
		uint64_t x = number * 4 + i + 0x9e3779b97f4a7c15;

		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
		x = (x ^ x >> 27) * 0x94d049bb133111eb;
		words[i] = x ^ x >> 31;
	}
	memcpy(ret.bytes, words, sizeof(words));
	return ret;
}

static struct results *fresh(size_t bytes_max)
{
	struct results *r = NULL;

	if (results_new(&r, bytes_max, 0x5deece66d1234567))
		abort();
	return r;
}

static int put(struct results *r, uint64_t number, size_t size, uint64_t ttl, uint64_t now)
{
	static char bytes[100000];
	struct key key = key_of(number);

	memset(bytes, (int)(number & 0xff), size);
	return results_put(r, key.bytes, bytes, size, ttl, now);
}

static bool has(struct results *r, uint64_t number, uint64_t now)
{
	struct key key = key_of(number);
	const void *bytes;
	size_t size;

	if (!results_find(r, key.bytes, now, &bytes, &size))
		return false;
	for (size_t i = 0; i < size; i++)
		if (((const uint8_t *)bytes)[i] != (number & 0xff))
			abort(); /* somebody else's */
	return true;
}

static int what_was_put_is_found_and_nothing_else(void)
{
	CLEANUP(results_freep) struct results *r = fresh(1 << 20);

	CHECK(!put(r, 1, 100, NS_PER_SEC, 0) && !put(r, 2, 0, NS_PER_SEC, 0));
	CHECK(has(r, 1, 0) && has(r, 2, 0) && !has(r, 3, 0));
	CHECK(results_counts(r).hits == 2 && results_counts(r).misses == 1);
	CHECK(results_counts(r).bytes == 100 + 2 * RESULTS_OVERHEAD);
	CHECK(results_remove(r, key_of(1).bytes) && !has(r, 1, 0));
	CHECK(!results_remove(r, key_of(1).bytes) && results_counts(r).entries == 1);
	results_clear(r);
	CHECK(!has(r, 2, 0) && !results_counts(r).bytes && !results_counts(r).entries);
	return 0;
}

static int a_result_takes_the_place_of_the_one_before(void)
{
	CLEANUP(results_freep) struct results *r = fresh(1 << 20);
	struct key key = key_of(1);
	const void *bytes;
	size_t size;

	CHECK(!put(r, 1, 100, NS_PER_SEC, 0));
	CHECK(!results_put(r, key.bytes, "new", 3, NS_PER_SEC, 0));
	CHECK(results_find(r, key.bytes, 0, &bytes, &size) && size == 3);
	CHECK(!memcmp(bytes, "new", 3) && results_counts(r).entries == 1);
	return 0;
}

static int what_is_expired_is_never_found(void)
{
	CLEANUP(results_freep) struct results *r = fresh(1 << 20);

	CHECK(!put(r, 1, 10, 5, 100) && !put(r, 2, 10, 0, 100) && !put(r, 3, 10, UINT64_MAX, 100));
	CHECK(has(r, 1, 104) && !has(r, 1, 105) && !has(r, 1, 104)); /* it is gone */
	CHECK(!has(r, 2, 100) && has(r, 3, UINT64_MAX - 1));
	CHECK(results_counts(r).expired == 2 && results_counts(r).entries == 1);
	return 0;
}

static int expired_ones_go_before_they_are_passed_on(void)
{
	CLEANUP(results_freep) struct results *r = fresh(100 * (RESULTS_OVERHEAD + 100));

	for (uint64_t i = 0; i < 100; i++) {
		put(r, i, 100, 10, 0);
		has(r, i, 0);
		has(r, i, 0);
	}
	put(r, 1000, 100, 10, 20);
	CHECK(results_counts(r).expired == 1 && results_counts(r).evicted == 0);
	return 0;
}

static int the_room_is_never_passed(void)
{
	enum { ROOM = 300000 };
	CLEANUP(results_freep) struct results *r = fresh(ROOM);

	srandom(1);
	for (uint64_t i = 0; i < 20000; i++) {
		put(r, i % 3000, (size_t)(random() % 5000), NS_PER_SEC, i);
		has(r, (uint64_t)(random() % 3000), i);
		CHECK(results_counts(r).bytes <= ROOM);
	}
	CHECK(results_counts(r).bytes > ROOM * 9 / 10);
	CHECK(put(r, 1, ROOM / 10, NS_PER_SEC, 0) == -E2BIG && !has(r, 1, 0));
	CHECK(results_put(r, key_of(1).bytes, "", SIZE_MAX, 1, 0) == -E2BIG);
	CHECK(results_counts(r).refused == 2);
	results_limit(r, ROOM / 10);
	CHECK(results_counts(r).bytes <= ROOM / 10);
	results_limit(r, 0);
	CHECK(!results_counts(r).entries && put(r, 2, 1, NS_PER_SEC, 0) == -E2BIG);
	return 0;
}

enum { PLACES = 1000, EACH = 100 + RESULTS_OVERHEAD };
static uint64_t once = 10000000;

/* Results that are never asked for. */
static void pass(struct results *r, int count)
{
	for (int i = 0; i < count; i++)
		put(r, once++, 100, NS_PER_SEC, 1);
}

static int what_is_asked_for_twice_stays(void)
{
	CLEANUP(results_freep) struct results *r = fresh(PLACES * EACH);

	pass(r, PLACES);
	put(r, 1, 100, NS_PER_SEC, 1);
	put(r, 2, 100, NS_PER_SEC, 1);
	CHECK(has(r, 1, 1) && has(r, 1, 1));
	pass(r, 3 * PLACES);
	CHECK(has(r, 1, 1) && !has(r, 2, 1));
	return 0;
}

static int what_comes_back_soon_stays(void)
{
	CLEANUP(results_freep) struct results *r = fresh(PLACES * EACH);

	put(r, 1, 100, NS_PER_SEC, 1);
	pass(r, PLACES);
	CHECK(!has(r, 1, 1));
	put(r, 1, 100, NS_PER_SEC, 1);
	put(r, 2, 100, NS_PER_SEC, 1);
	pass(r, PLACES);
	CHECK(has(r, 1, 1) && !has(r, 2, 1));
	return 0;
}

static int what_is_new_has_a_tenth_for_itself(void)
{
	CLEANUP(results_freep) struct results *r = fresh(PLACES * EACH);

	for (uint64_t i = 0; i < 100; i++) { /* what came and went takes nothing of it */
		put(r, i, 9000, NS_PER_SEC, 1);
		results_remove(r, key_of(i).bytes);
	}
	for (uint64_t i = 0; i < PLACES; i++) {
		put(r, i, 100, NS_PER_SEC, 1);
		CHECK(has(r, i, 1) && has(r, i, 1));
	}
	pass(r, 2 * PLACES);
	for (uint64_t i = 5000; i < 5000 + PLACES / 10 - 1; i++)
		put(r, i, 100, NS_PER_SEC, 1);
	for (uint64_t i = 5000; i < 5000 + PLACES / 10 - 1; i++)
		CHECK(has(r, i, 1));
	return 0;
}

/* What a cache of this room holds is told by asking it, beside a plain array of all. */
static int any_course_finds_only_what_was_put(void)
{
	enum { KEYS = 500 };
	static uint64_t expires[KEYS];
	CLEANUP(results_freep) struct results *r = fresh(60000);
	uint64_t now = 1;

	srandom(5);
	for (int step = 0; step < 200000; step++) {
		uint64_t key = (uint64_t)(random() % KEYS), ttl = (uint64_t)(random() % 3000);

		now += (uint64_t)(random() % 5);
		switch (random() % 8) {
		case 0:
			results_remove(r, key_of(key).bytes);
			expires[key] = 0;
			break;
		case 1:
		case 2:
			CHECK(!put(r, key, (size_t)(random() % 600), ttl, now));
			expires[key] = now + ttl;
			CHECK(has(r, key, now) == (ttl > 0));
			break;
		default:
			CHECK(!has(r, key, now) || expires[key] > now);
		}
	}
	return 0;
}

/* --- beside LRU --- */

enum { SLOTS = 400, POPULAR = 2000, ASKED = 150000 };
static uint64_t lru[SLOTS]; /* the one asked for last is first */
static size_t lru_count;

static bool lru_ask(uint64_t number)
{
	size_t at = 0;
	bool found;

	while (at < lru_count && lru[at] != number)
		at++;
	found = at < lru_count;
	if (!found && lru_count < SLOTS)
		lru_count++;
	memmove(lru + 1, lru, (at < SLOTS ? at : SLOTS - 1) * sizeof(*lru));
	lru[0] = number;
	return found;
}

static bool cache_ask(struct results *r, uint64_t number)
{
	if (has(r, number, 1))
		return true;
	put(r, number, 100, NS_PER_SEC, 1);
	return false;
}

/* Rank k as often as 1/k (Zipf), and a share of jobs that come once only. */
static uint64_t draw(unsigned int once_percent)
{
	static double sums[POPULAR];
	size_t low = 0, high = POPULAR - 1;
	double x;

	if ((unsigned int)(random() % 100) < once_percent)
		return once++;
	for (size_t i = 0; i < POPULAR && !sums[POPULAR - 1]; i++)
		sums[i] = (i ? sums[i - 1] : 0) + 1.0 / (double)(i + 1);
	x = (double)random() / RAND_MAX * sums[POPULAR - 1];
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sums[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int it_finds_more_than_lru(void)
{
	static const unsigned int percents[] = { 0, 30, 60 };

	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		CLEANUP(results_freep) struct results *r = fresh(SLOTS * (100 + RESULTS_OVERHEAD));
		unsigned int ours = 0, theirs = 0;

		srandom(11);
		lru_count = 0;
		for (int n = 0; n < ASKED; n++) {
			uint64_t number = draw(percents[i]);

			ours += cache_ask(r, number);
			theirs += lru_ask(number);
		}
		printf("# %u %% asked for once: %.1f %% found, LRU %.1f %%\n", percents[i],
		       ours * 100.0 / ASKED, theirs * 100.0 / ASKED);
		CHECK(ours > theirs);
	}
	return 0;
}

static int asking_costs_little(void)
{
	enum { ENTRIES = 50000 };
	CLEANUP(results_freep) struct results *r = fresh(ENTRIES * (100 + RESULTS_OVERHEAD));
	static struct key keys[ENTRIES];
	const void *bytes;
	uint64_t start;
	double put_ns;
	size_t size;

	for (uint64_t i = 0; i < ENTRIES; i++)
		keys[i] = key_of(i);
	start = clock_mono_ns();
	for (uint64_t i = 0; i < ENTRIES; i++)
		results_put(r, keys[i].bytes, keys, 100, NS_PER_SEC, 1);
	put_ns = (double)(clock_mono_ns() - start) / ENTRIES;
	start = clock_mono_ns();
	for (uint64_t i = 0; i < ENTRIES; i++)
		CHECK(results_find(r, keys[i * 7919 % ENTRIES].bytes, 1, &bytes, &size));
	printf("# put %.0f ns, find %.0f ns of %d\n", put_ns,
	       (double)(clock_mono_ns() - start) / ENTRIES, ENTRIES);
	return 0;
}

TEST_MAIN({ "what was put is found and nothing else", what_was_put_is_found_and_nothing_else },
	  { "a result takes the place of the one before",
	    a_result_takes_the_place_of_the_one_before },
	  { "what is expired is never found", what_is_expired_is_never_found },
	  { "expired ones go before they are passed on",
	    expired_ones_go_before_they_are_passed_on },
	  { "the room is never passed", the_room_is_never_passed },
	  { "what is asked for twice stays", what_is_asked_for_twice_stays },
	  { "what comes back soon stays", what_comes_back_soon_stays },
	  { "what is new has a tenth for itself", what_is_new_has_a_tenth_for_itself },
	  { "any course finds only what was put", any_course_finds_only_what_was_put },
	  { "it finds more than LRU", it_finds_more_than_lru },
	  { "asking costs little", asking_costs_little }, )
