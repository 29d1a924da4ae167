/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jobs/cache_key.h"

#include <nettle/sha2.h>
#include <string.h>

_Static_assert(CACHE_KEY == SHA256_DIGEST_SIZE, "the whole digest is the key");

/* Goes in first, so that another version of this file gives other keys.  Change it with a kind. */
#define FORMAT "fairlead/result/1"

/* What stands before each part.  Results may outlive an agent: no number is used again. */
enum kind {
	FORMAT_NAME = 1,
	TENANT,
	RUNTIME,
	VERSION,
	ROOT,
	CODE_NAME,
	CODE,
	INPUT,
	WORD,
	ENVIRONMENT,
	IMPORT,
	FILE_NAME,
	FILE_CONTENT,
	FILE_EXECUTABLE,
	NUMBERS,
};

/* Little endian, whatever the machine. */
static void write_number(uint8_t ret[8], uint64_t number)
{
	for (int i = 0; i < 8; i++)
		ret[i] = (uint8_t)(number >> 8 * i);
}

static void add(struct sha256_ctx *c, enum kind kind, const void *bytes, size_t size)
{
	uint8_t header[9] = { (uint8_t)kind };

	write_number(header + 1, size);
	sha256_update(c, sizeof(header), header);
	if (size)
		sha256_update(c, size, bytes);
}

static void add_text(struct sha256_ctx *c, enum kind kind, const char *text)
{
	if (text)
		add(c, kind, text, strlen(text));
}

static void add_bytes(struct sha256_ctx *c, enum kind kind, const struct cache_text *text)
{
	if (text->bytes)
		add(c, kind, text->bytes, text->size);
}

static void add_list(struct sha256_ctx *c, enum kind kind, char *const *list)
{
	for (; list && *list; list++)
		add_text(c, kind, *list);
}

/* A name begins each file, so what follows it is its own. */
static void add_files(struct sha256_ctx *c, const struct cache_job *job)
{
	for (size_t i = 0; i < job->file_count; i++) {
		add_text(c, FILE_NAME, job->files[i].name);
		add_bytes(c, FILE_CONTENT, &job->files[i].content);
		if (job->files[i].executable)
			add(c, FILE_EXECUTABLE, NULL, 0);
	}
}

/* All of them always, so that each has its place. */
static void add_numbers(struct sha256_ctx *c, const struct cache_job *job)
{
	const uint64_t numbers[] = { job->memory_bytes, job->processes, job->cpu_thousandths,
				     job->timeout_ns,   job->tmp_bytes, job->tmp_inodes,
				     job->open_files,   job->net,       job->profile };
	uint8_t bytes[sizeof(numbers)];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		write_number(bytes + 8 * i, numbers[i]);
	add(c, NUMBERS, bytes, sizeof(bytes));
}

void cache_key_of(const struct cache_job *job, uint8_t ret[CACHE_KEY])
{
	struct sha256_ctx c;

	sha256_init(&c);
	add_text(&c, FORMAT_NAME, FORMAT);
	add_text(&c, TENANT, job->tenant);
	add_text(&c, RUNTIME, job->runtime);
	add_text(&c, VERSION, job->version);
	add_bytes(&c, ROOT, &job->root);
	add_text(&c, CODE_NAME, job->code_name);
	add_bytes(&c, CODE, &job->code);
	add_bytes(&c, INPUT, &job->input);
	add_list(&c, WORD, job->argv);
	add_list(&c, ENVIRONMENT, job->env);
	add_list(&c, IMPORT, job->imports);
	add_files(&c, job);
	add_numbers(&c, job);
	sha256_digest(&c, CACHE_KEY, ret);
}
