/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ground: the folder that commands work on while we measure them: a small root with the tiny
 * program as /bin/true, a bundle of it for OCI runtimes, and the code in a file.
 */
#pragma once

enum { GROUND_PATH = 256 };

struct ground {
	char folder[GROUND_PATH]; /* empty: there is none */
	char root[GROUND_PATH + 8];
	char job[GROUND_PATH + 8]; /* folder of the code's file */
};

struct bench_job;

int ground_make(struct ground *ret, const struct bench_job *job); /* -errno */
void ground_remove(struct ground *g);                             /* for CLEANUP() */
