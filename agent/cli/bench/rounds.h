/* SPDX-License-Identifier: Apache-2.0 */
/* rounds: runs rows side by side, and fills them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_job;
struct series;

#define PAUSE_AUTO UINT64_MAX

struct rounds {
	const char *socket;
	const struct bench_job *job;
	struct series *series; /* the first is the agent's */
	size_t count;
	size_t warm_up;    /* runs of the agent that are not counted; a tenth of it of commands */
	uint64_t pause_ns; /* before each of the agent's; PAUSE_AUTO: until its pools are full */
	uint64_t patience_ns;
	bool progress; /* on stderr */
	bool stopped;  /* out: before its end */
};

/* One request that is not counted, to learn at once what is wrong for all. */
struct outcome;
void rounds_try(const struct rounds *r, struct outcome *ret);
void rounds_run(struct rounds *r);
