/* SPDX-License-Identifier: Apache-2.0 */
/* compose_files: puts what was read from the kernel's files into a snapshot. */
#pragma once

struct files_sample;
struct snapshot;

/*
 * then: what was read when the window began, NULL when nobody did: totals are known, what was
 * counted in the window is not.  Adds the cgroups that were only seen here.  -ENOMEM.
 */
int compose_files(struct snapshot *s, const struct files_sample *then,
		  const struct files_sample *now);
