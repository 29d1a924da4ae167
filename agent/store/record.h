/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: one small thing in one file, replaced as a whole: after a crash the old or the new
 * one is there, never half of one.  A file that a newer Fairlead wrote is left alone; an
 * older one is brought up step by step; a damaged one is set aside under a name that says
 * so (NAME.damaged-1, -2, ...), never deleted.  Saving waits for the disk: call it where
 * that is allowed, not from the loop.  What a payload means is its owner's business.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "agent/store/folder.h"

enum { RECORD_MAX = 64 * 1024 }; /* of payload; what is larger wants a log, not a record */

/* Turns the payload of one version into the next; may lengthen it up to RECORD_MAX. */
typedef int (*record_step)(uint8_t *payload, size_t *length);

struct record_kind {
	const char *file;         /* name in the folder, e.g. "node.state" */
	uint32_t number;          /* never used for anything else again */
	uint32_t version;         /* what this Fairlead writes */
	const record_step *steps; /* steps[n] makes version n+1 of n; NULL: no such file exists */
};

/*
 * Reads the payload, brought up to kind->version, into ret[size].  Its length, or
 *   -ENOENT           there is none yet; why is then empty
 *   -EPROTONOSUPPORT  written by a newer Fairlead; left as it is
 *   -EBADMSG          torn or damaged, and set aside
 *   another -errno    cannot be read or set aside; left as it is
 * On failure ret is untouched and why holds one line for a human.
 */
ssize_t record_load(int folder, const struct record_kind *kind, void *ret, size_t size,
		    char why[STORE_WHY]);

/* Replaces the record: durable when this returns 0, as it was before when it does not. */
int record_save(int folder, const struct record_kind *kind, const void *payload, size_t length,
		char why[STORE_WHY]);
