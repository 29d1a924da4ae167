/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapped: counters of a BPF program in our own memory.  The kernel goes on counting while we
 * read, so each number is loaded once; it only grows.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The first bytes of a map; NULL with errno set. */
void *mapped_new(int fd, size_t bytes);
void mapped_free(void *at, size_t bytes);

static inline uint64_t mapped_load(const void *at)
{
	return __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
}

/* Takes what is there, also while the kernel adds. */
static inline uint64_t mapped_take(void *at)
{
	return __atomic_exchange_n((uint64_t *)at, 0, __ATOMIC_RELAXED);
}

/*
 * Between two readings the memory of the rows leaves the caches: who reads one row after the other
 * asks for those MAPPED_AHEAD rows further on.
 */
enum { MAPPED_AHEAD = 6, MAPPED_LINE = 64 };

static inline void mapped_fetch(const void *row, size_t size)
{
	for (size_t at = 0; at < size; at += MAPPED_LINE)
		__builtin_prefetch((const char *)row + at);
}
