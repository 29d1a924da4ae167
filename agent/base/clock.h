/* SPDX-License-Identifier: Apache-2.0 */
/* clock: the edges' way to time; pure code is handed now_ns instead. */
#pragma once
#include <stdint.h>
#include <time.h>

#define NS_PER_SEC  1000000000ull
#define NS_PER_MSEC 1000000ull

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static inline uint64_t clock_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t clock_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

#define CLOCK_TEXT 32
/* "2026-11-21T04:46:08.123Z" */
void clock_format(char ret[CLOCK_TEXT], uint64_t wall_ns);
