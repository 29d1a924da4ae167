/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/cache_key.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/clock.h"
#include "tests/lib/test.h"

static bool same(const struct cache_job *a, const struct cache_job *b)
{
	uint8_t x[CACHE_KEY], y[CACHE_KEY];

	cache_key_of(a, x);
	cache_key_of(b, y);
	return memcmp(x, y, CACHE_KEY) == 0;
}

#define TEXT(t) { (t), sizeof(t) - 1 }

static char *const argv[] = { "main.py", "a", "bc", NULL };
static char *const env[] = { "A=1", "B=2", NULL };
static char *const imports[] = { "json", "math", NULL };
static const struct cache_file files[] = { { "in.txt", TEXT("x\0y"), false },
					   { "run", TEXT("#!"), true } };
static const struct cache_job whole = {
	.tenant = "web",
	.runtime = "python",
	.version = "3.11.2",
	.root = TEXT("root's digest"),
	.code_name = "main.py",
	.code = TEXT("print(1)"),
	.input = TEXT("in"),
	.argv = argv,
	.env = env,
	.imports = imports,
	.files = files,
	.file_count = 2,
	.memory_bytes = 1,
	.processes = 2,
	.cpu_thousandths = 3,
	.timeout_ns = 4,
	.tmp_bytes = 5,
	.tmp_inodes = 6,
	.open_files = 7,
	.net = 1,
	.profile = 0,
};

/* What another implementation makes of the same (Python's hashlib): the format stands. */
static int the_digest_is_as_another_hand_makes_it(void)
{
	static const uint8_t expected[CACHE_KEY] = {
		0x12, 0xa8, 0x6a, 0xd9, 0x82, 0x72, 0x8a, 0x87, 0x0e, 0x13, 0x30,
		0xd5, 0x9d, 0x6d, 0xa0, 0x5d, 0xed, 0x04, 0xdc, 0xb4, 0x20, 0x60,
		0x16, 0x58, 0xfd, 0x51, 0x5a, 0x08, 0xc4, 0xc8, 0x6a, 0x78
	};
	uint8_t key[CACHE_KEY];

	cache_key_of(&whole, key);
	CHECK(!memcmp(key, expected, CACHE_KEY));
	return 0;
}

static int every_part_counts(void)
{
	static char *const other_argv[] = { "main.py", "ab", "c", NULL };
	static char *const longer_argv[] = { "main.py", "a", "bc", "", NULL };
	static char *const other_env[] = { "A=1B=2", NULL };
	static char *const turned_env[] = { "B=2", "A=1", NULL };
	static const struct cache_file plain[] = { { "in.txt", TEXT("x\0y"), false },
						   { "run", TEXT("#!"), false } };
	static const struct cache_file cut[] = { { "in.txt", TEXT("x"), false },
						 { "run", TEXT("#!"), true } };
	static const struct cache_file renamed[] = { { "in.tx", TEXT("tx\0y"), false },
						     { "run", TEXT("#!"), true } };
	struct cache_job jobs[32];
	size_t count = 0;

	for (size_t i = 0; i < 32; i++)
		jobs[i] = whole;
	count++; /* as it is */
	jobs[count++].tenant = "web2";
	jobs[count++].tenant = NULL;
	jobs[count++].runtime = "node";
	jobs[count++].version = "3.11.3";
	jobs[count++].root.size--;
	jobs[count++].code_name = "other.py";
	jobs[count++].code.size--;
	jobs[count++].code.bytes = NULL;
	jobs[count++].code.size = 0;
	jobs[count++].input.bytes = NULL;
	jobs[count++].input.size = 0;
	jobs[count++].argv = other_argv;
	jobs[count++].argv = longer_argv;
	jobs[count++].argv = NULL;
	jobs[count++].env = other_env;
	jobs[count++].env = turned_env;
	jobs[count++].imports = env;
	jobs[count++].imports = NULL;
	jobs[count++].files = plain;
	jobs[count++].files = cut;
	jobs[count++].files = renamed;
	jobs[count++].file_count = 1;
	jobs[count++].memory_bytes = 2;
	jobs[count++].processes = 3;
	jobs[count++].cpu_thousandths = 4;
	jobs[count++].timeout_ns = 1ull << 40;
	jobs[count++].tmp_bytes = 1ull << 63;
	jobs[count++].tmp_inodes = 0;
	jobs[count++].open_files = 8;
	jobs[count++].net = 0;
	jobs[count++].profile = 1;
	CHECK(count == 32);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++)
			CHECK(same(&jobs[i], &jobs[k]) == (i == k));
	return 0;
}

static int where_it_lies_does_not_count(void)
{
	struct cache_job job = whole;
	char code[] = "print(1)", *copy[] = { strdup("A=1"), strdup("B=2"), NULL };

	job.code.bytes = code;
	job.env = copy;
	CHECK(same(&job, &whole));
	free(copy[0]);
	free(copy[1]);
	return 0;
}

/* --- small jobs of few letters, where what runs together would meet --- */

struct small {
	char *words[4], *env[4], code[3];
	char letters[8][3];
	size_t code_size;
};

static void draw_list(struct small *s, char *list[4], int from)
{
	int count = (int)(random() % 4);

	for (int i = 0; i < count; i++) {
		size_t length = (size_t)(random() % 3);

		memset(s->letters[from + i], 0, 3);
		for (size_t k = 0; k < length; k++)
			s->letters[from + i][k] = (char)('a' + random() % 2);
		list[i] = s->letters[from + i];
	}
	list[count] = NULL;
}

static struct cache_job draw_job(struct small *s)
{
	struct cache_job job = { .argv = s->words, .env = s->env };

	draw_list(s, s->words, 0);
	draw_list(s, s->env, 4);
	s->code_size = (size_t)(random() % 3);
	for (size_t i = 0; i < s->code_size; i++)
		s->code[i] = (char)('a' + random() % 2);
	job.code = (struct cache_text){ random() % 2 ? s->code : NULL, s->code_size };
	return job;
}

static bool lists_equal(char *const *a, char *const *b)
{
	while (*a && *b && !strcmp(*a, *b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static bool jobs_equal(const struct cache_job *a, const struct cache_job *b)
{
	if (!a->code.bytes != !b->code.bytes)
		return false;
	if (a->code.bytes &&
	    (a->code.size != b->code.size || memcmp(a->code.bytes, b->code.bytes, a->code.size)))
		return false;
	return lists_equal(a->argv, b->argv) && lists_equal(a->env, b->env);
}

static int keys_are_the_same_when_jobs_are(void)
{
	unsigned int equal = 0;

	srandom(9);
	for (int i = 0; i < 100000; i++) {
		struct small x = { 0 }, y = { 0 };
		struct cache_job a = draw_job(&x), b = draw_job(&y);

		CHECK(same(&a, &b) == jobs_equal(&a, &b));
		equal += jobs_equal(&a, &b);
	}
	CHECK(equal > 50); /* both ways were tried */
	return 0;
}

static int a_key_costs_little(void)
{
	enum { TIMES = 20000 };
	uint8_t key[CACHE_KEY];
	uint64_t start = clock_mono_ns();

	for (int i = 0; i < TIMES; i++)
		cache_key_of(&whole, key);
	printf("# a small job's key: %.0f ns\n", (double)(clock_mono_ns() - start) / TIMES);
	return 0;
}

TEST_MAIN({ "the digest is as another hand makes it", the_digest_is_as_another_hand_makes_it },
	  { "every part counts", every_part_counts },
	  { "where it lies does not count", where_it_lies_does_not_count },
	  { "keys are the same when jobs are", keys_are_the_same_when_jobs_are },
	  { "a key costs little", a_key_costs_little }, )
