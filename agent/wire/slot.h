/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot: what a sandbox that was started ahead is told when its job comes, and what it says of
 * it, on a SOCK_SEQPACKET of its own.  First comes struct slot_job with the descriptors that
 * become 0, 1 and 2, then the job itself as a pack (pack.h): the next message, or a fourth
 * descriptor when it is too long for one.
 */
#pragma once
#include <stdint.h>

#define SLOT_MAGIC   0x736c6f74u
#define SLOT_VERSION 1

enum {
	SLOT_JOB_FD = 3,        /* where a process that was started ahead has its socket */
	SLOT_PAYLOAD_FD = 4,    /* and a payload that came as a descriptor */
	SLOT_INLINE = 64 << 10, /* bytes that a payload may have as a message */
	SLOT_FDS = 4,
};

struct slot_job {
	uint32_t magic, version;
	uint32_t size; /* of the message that follows; 0: it came as a descriptor */
	uint32_t unused;
};

enum slot_state {
	SLOT_RUNS = 1, /* the command was executed */
	SLOT_FAILED,   /* it was not: step, error, what */
	SLOT_ENDED,    /* status and what it used */
	SLOT_WAITS     /* before all these: it is started and ready for its job */
};

struct slot_report {
	uint32_t magic, version;
	int32_t state;       /* enum slot_state */
	int32_t error, step; /* SLOT_FAILED: negative errno, enum sandbox_step */
	int32_t status;      /* SLOT_ENDED: as of wait(2) */
	uint64_t user_ns, system_ns, peak_bytes;
	char what[128];
};

_Static_assert(sizeof(struct slot_job) == 16, "no hidden padding crosses the wire");
_Static_assert(sizeof(struct slot_report) == 176, "no hidden padding crosses the wire");
