/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privileges: how the warden keeps only what it names, and how the agent gets rid of all.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The capabilities that Fairlead knows a use for, and that use. */
struct capability_use {
	int number;
	const char *name, *use, *lost;
	bool kept;       /* by the warden; else used at the start and given up … */
	bool to_execute; /* … but where it starts sandboxes */
};

extern const struct capability_use capability_uses[];
extern const int capability_use_count;

/* The rows that are not kept, bit by number. */
uint64_t privileges_start_only(void);

/* The effective set of this process, bit by number. */
uint64_t privileges_held(void);

/* Keeps of the capabilities in the table only those that a warden keeps. */
int privileges_keep_for_warden(bool to_execute);

/*
 * Becomes uid and gid with no supplementary group, no capability in any set and no way back.
 * What the process then still holds is checked by trying: -EPERM when anything is left.
 */
int privileges_drop(uid_t uid, gid_t gid);

/* From here on the calls that an agent never makes fail: no exec, no mount, no namespaces … */
int privileges_filter_calls(void);

/* A name or a number; -ENOENT when there is no such user.  Reads /etc/passwd, loads no NSS. */
int privileges_find_user(const char *user, uid_t *uid, gid_t *gid);
