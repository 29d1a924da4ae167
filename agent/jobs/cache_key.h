/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_key: the digest under which a job's result is kept: SHA-256 over all that decides it.
 * Each part goes in with its kind and its length, so no two jobs that differ are the same bytes:
 * what stands at the end of one word cannot pass for the beginning of the next, and a text that
 * is empty is not one that is not there.
 *
 * It cannot know what else a job looks at.  One with volumes, one that asks the time or draws
 * random numbers has no business in a cache, whatever its sender says.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CACHE_KEY = 32 };

struct cache_text { /* bytes NULL: not there */
	const void *bytes;
	size_t size;
};

struct cache_file {
	const char *name;
	struct cache_text content;
	bool executable;
};

/* Nothing is owned.  Texts that are NULL and lists that are NULL are not there. */
struct cache_job {
	const char *tenant;  /* whose result it is: nobody learns from the cache what others ran */
	const char *runtime; /* python, node, java, sh, exec */
	const char *version; /* the interpreter's own words on which it is */
	struct cache_text root; /* what is in the root: its digest */
	const char *code_name;
	struct cache_text code, input;
	char *const *argv, *const *env, *const *imports; /* each ended by NULL */
	const struct cache_file *files;
	size_t file_count;
	uint64_t memory_bytes, processes, cpu_thousandths, timeout_ns;
	uint64_t tmp_bytes, tmp_inodes, open_files;
	uint32_t net, profile; /* as in sandbox_spec */
};

void cache_key_of(const struct cache_job *job, uint8_t ret[CACHE_KEY]);
