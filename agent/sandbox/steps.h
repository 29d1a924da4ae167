/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps: how far the building of a sandbox has come.  Whoever builds notes what is under way
 * before doing it; what failed is then known without a word at each place.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/sandbox/spec.h"

enum sandbox_step {
	STEP_NAMESPACES,
	STEP_USER,
	STEP_PARENT,
	STEP_MOUNTS,
	STEP_TMPFS,
	STEP_ROOT,
	STEP_DEVICES,
	STEP_PROC,
	STEP_PIVOT,
	STEP_VOLUME,
	STEP_FILE,
	STEP_NETWORK,
	STEP_RIGHTS,
	STEP_LIMITS,
	STEP_FENCE,
	STEP_FILTER,
	STEP_FOLDER,
	STEP_STREAMS,
	STEP_JOB,
	STEP_ZYGOTE,
	STEP_EXEC,
	_STEP_MAX
};

/* What process 1 tells its parent, by a pipe: it runs or why not, then how it ended. */
struct sandbox_report {
	int32_t error, step; /* of the first report: 0 when the command was executed */
	int32_t status;      /* of the second */
	int32_t unused;
	uint64_t user_ns, system_ns, peak_bytes;
	char what[128];
};

struct filter_program;

/* What the rooms that build have in common. */
struct build {
	const struct sandbox_spec *spec;
	const struct filter_program *filter;
	enum sandbox_step step;
	bool framed;                       /* / is the frame already */
	const char *what;                  /* path or name that the step is about, or NULL */
	int root_tree;                     /* detached mounts that root made before, or -1 */
	int volume_trees[SANDBOX_VOLUMES]; /* likewise */
	int views[3];                      /* of streams, instead of what was given, or -1 */
};

static inline void step_at(struct build *b, enum sandbox_step step, const char *what)
{
	b->step = step;
	b->what = what;
}
