/* SPDX-License-Identifier: Apache-2.0 */
/* spawn: runs one command to its end, as a person's shell would, and says when what happened. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct spawned {
	uint64_t first_ns, whole_ns; /* since the start: first byte of output (0: none), its end */
	int status;                  /* as waitpid() has it */
	char out[256], err[512];     /* the beginnings */
};

/*
 * 0 when it ran to its end, whatever that was.  -ETIMEDOUT: it was killed.  Else -errno: it could
 * not be executed.
 */
int spawn_run(struct spawned *ret, char *const *argv, uint64_t patience_ns);
