/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_parse: the texts of a cgroup's files to what it used.  Pure: any text is taken, what
 * it does not say is left alone, and a part is known once a text said the most of it.
 */
#pragma once
#include "agent/snapshot/cgroup_use.h"

/* One file: its name in the cgroup's folder and who reads it. */
struct cgroup_file {
	const char *name;
	void (*parse)(struct cgroup_use *to, const char *text);
	bool rare; /* not worth its cost to who asks again and again */
};

/* Of one controller, or "" for what every cgroup of v2 has. */
struct cgroup_controller {
	const char *name;
	unsigned char version;
	enum use_of of;                  /* what its first file tells */
	const struct cgroup_file *files; /* ended by one without a name; the first is in each
					    cgroup that has the controller, and is rare only
					    where all are */
};

extern const struct cgroup_controller cgroup_controllers[];
extern const size_t cgroup_controller_count;
