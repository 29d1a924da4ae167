/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender: takes bodies over and gets them to their receiver on a thread of its own, one after the
 * other, oldest first.  Its door never waits for the network: a receiver that is slow or gone costs
 * bodies, which are counted, and nothing else.  The thread starts with the first body.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct post_terms;
struct sender;

struct sender_counts {
	uint64_t sent, retries;   /* bodies that arrived; attempts that were made again */
	uint64_t full;            /* bodies lost: the oldest, as the queue was full */
	uint64_t refused;         /* … the receiver does not want them */
	uint64_t given_up;        /* … tried for too long, or unsent at the end */
	uint64_t rejected_points; /* of bodies that arrived, the receiver took not these */
	size_t waiting, waiting_bytes;
	bool failing;      /* the last attempt failed */
	char why[256];     /* it did, or what the receiver said of what it rejected */
	uint64_t changes;  /* of failing and why: who logs them compares */
	char refusal[256]; /* why the last of the refused was, whatever became of the next */
};

int sender_new(struct sender **ret);

/* Cancels what is under way; what still waits is dropped and given up.  ret: the last counts, may be
 * NULL.  Takes NULL, returns NULL. */
struct sender *sender_free(struct sender *s, struct sender_counts *ret);

/* Copies the terms; what waits is tried by them at once. */
int sender_configure(struct sender *s, const struct post_terms *terms);

/* Takes data over (malloc'd), also on failure: -ENOMEM, or why there is no thread. */
int sender_give(struct sender *s, char *data, size_t size, bool gzip);

/* What waits is tried once more without waiting; it is over when sender_idle(). */
void sender_finish(struct sender *s);
bool sender_idle(struct sender *s);

void sender_counts(struct sender *s, struct sender_counts *ret);
