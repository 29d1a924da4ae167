/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_files: what the cgroups of the node used, read from their files.  Which hierarchy has
 * a controller is looked up, so v1, v2 and both beside each other are read alike; cgroups of
 * the same path are one.
 *
 * A file costs about 7 us, most of it to open and close it, and a cgroup has a dozen.  Kept open
 * they would cost 2, and the kernel 4 KB of memory each: so they are not kept.  A cgroup in which
 * nothing ran and nothing stood still since it was last read is shown as it was then, for up to
 * 2 s; where nothing ran for two readings, its pressures, and v1's IO, are as they were for up to
 * 105 s.  Who asks `briefly`, again and again, is told what was read up to 15 s ago, if need be a
 * few cgroups being read anew each time, and nothing of the files for the curious.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/snapshot/cgroup_use.h"

struct cgroup_files;
struct cgroup_names;

enum { CGROUP_FILES_MAX = 1024 }; /* cgroups read; the others are counted */

struct cgroup_files_sample {
	size_t count, unread,
		refused; /* cgroups; those beyond the most; files that we may not read */
	struct cgroup_row {
		uint64_t id; /* in the cgroup2 hierarchy; 0: v1 knew it first */
		char *path;  /* owned */
		uint64_t read_ns;
		uint64_t still_ns; /* when what is kept where nothing runs was */
		uint64_t ran_ns;   /* by the cgroup2 hierarchy, whoever tells its CPU time */
		bool ran_known;
		bool stirred; /* did its tasks run or stand still since the reading before? */
		bool brief;   /* without the rare files */
		struct cgroup_use use;
	} *rows; /* owned */
};

/*
 * Borrows the names of the cgroup2 hierarchy and of v1's blkio, NULL where there is none; walks
 * of them are the caller's.  root: "" or a folder that stands for the machine.
 */
int cgroup_files_new(struct cgroup_files **ret, const char *root, struct cgroup_names *cgroups,
		     struct cgroup_names *blkio);
struct cgroup_files *cgroup_files_free(struct cgroup_files *f);

/* Walks anew the hierarchies whose names are not borrowed. */
void cgroup_files_walk(struct cgroup_files *f);

/* Of the cgroups that the last walk saw; one that went meanwhile is left out.  -ENOMEM. */
int cgroup_files_read(struct cgroup_files *f, uint64_t now_ns, bool briefly,
		      struct cgroup_files_sample *ret);
void cgroup_files_sample_clear(struct cgroup_files_sample *s);

/* Which version of hierarchy has what tells this, for most rows; 0: none is mounted. */
int cgroup_files_version(const struct cgroup_files *f, enum use_of of);
