/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept: what a run of the agent leaves in its state folder: how it ended, and dumps.  A folder that
 * takes nothing stops nobody: it is said in the log, by the doctor and by a count.
 */
#pragma once
#include <stdint.h>

#include "agent/store/folder.h"

struct findings;
struct kept;

/* Looks up how the last run ended, says so where it ended badly, and notes this one.  NULL when out
 * of memory: as all below, which take it, as if there were no folder. */
struct kept *kept_new(const char *state_dir);
struct kept *kept_free(struct kept *k); /* returns NULL */

/* Writes lines to a file of the folder; -errno and why when there is none, or no room. */
int kept_dump(struct kept *k, const char *file, const char *const *lines, char why[STORE_WHY]);
void kept_end(struct kept *k); /* notes that this run was told to stop, and did */

uint64_t
kept_lost(const struct kept *k); /* how often something should have been kept and was not */
void kept_add_finding(const struct kept *k, struct findings *to);
