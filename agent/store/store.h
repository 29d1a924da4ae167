/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the agent's state folder and what lies in it.  Today one record: node.state, by
 * which the agent knows at its start how the run before it ended.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "agent/store/folder.h"

struct store;

enum { BOOT_ID = 37 }; /* text of a UUID and NUL */

struct node_record {
	char boot_id[BOOT_ID]; /* /proc/sys/kernel/random/boot_id of the run that wrote it */
	bool clean;            /* that run was told to stop, and did */
	uint64_t starts;       /* of an agent on this node, that run included */
};

/* How the run before this one ended. */
enum last_run { LAST_NONE, LAST_CLEAN, LAST_KILLED, LAST_NODE_DOWN };

/*
 * Opens a folder that is there and safe (folder.h), and keeps others out until it is freed;
 * -errno and why when that cannot be, -EBUSY when somebody has it.
 */
int store_open(struct store **ret, const char *dir, char why[STORE_WHY]);
struct store *store_free(struct store *s); /* takes NULL, returns NULL */
void store_freep(struct store **s);

/* Could anything be kept there now?  Looks, and writes nothing: 0, or -errno and why. */
int store_look(const struct store *s, char why[STORE_WHY]);

/* Writes lines to a plain file of the folder, in place of what is there; -errno and why. */
int store_dump(struct store *s, const char *file, const char *const *lines, char why[STORE_WHY]);

/* Both as record.h says; load leaves *ret alone on failure. */
int node_record_load(struct store *s, struct node_record *ret, char why[STORE_WHY]);
int node_record_save(struct store *s, const struct node_record *r, char why[STORE_WHY]);

/*
 * Pure: what to write at a start, given what was there (NULL: nothing that could be read),
 * and in *ret_last how that run ended.  The one to write is not clean: a clean stop saves
 * it again with that flag set.
 */
struct node_record node_record_next(const struct node_record *before, const char *boot_id,
				    enum last_run *ret_last);
