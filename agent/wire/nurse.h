/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nurse: what the agent and a nursery, the process that makes the sandboxes of one pool, have to
 * say to each other, on a SOCK_SEQPACKET.  What the pool's sandboxes are like comes first, in a
 * memfd, as it is too long for a message.  Both sides check what they get.
 */
#pragma once
#include <stdint.h>

#include "agent/wire/group.h"

#define NURSE_MAGIC   0x6e757273u
#define NURSE_VERSION 1

enum { NURSE_PATH = 1024, NURSE_VOLUMES = 16, NURSE_IMPORTS = 2048 };

/* How a sandbox of the pool is started. */
enum nurse_start {
	NURSE_HELD,   /* waits for a command to execute */
	NURSE_PYTHON, /* is forked from a zygote */
	NURSE_NODE,   /* an interpreter, started ahead, that waits for code */
	NURSE_JAVA,
	_NURSE_START_MAX
};

struct nurse_terms {
	uint32_t magic, version;
	uint32_t start;        /* enum nurse_start */
	uint32_t net, profile; /* enum sandbox_net, sandbox_profile */
	uint32_t uid, gid;
	uint32_t volume_count;
	uint32_t tenant, unused; /* whose alone the pool is, 0: anybody's; only to be compared */
	uint64_t tmp_bytes, tmp_inodes, open_files;
	struct group_limits limits;  /* of every sandbox, until it is told others */
	char root[NURSE_PATH];       /* empty: the host's own */
	char imports[NURSE_IMPORTS]; /* words, a space between */
	struct {
		char source[NURSE_PATH], path[NURSE_PATH];
		uint32_t read_only, unused;
	} volumes[NURSE_VOLUMES];
};

enum nurse_ask {
	NURSE_MAKE = 1, /* a sandbox by this number */
	NURSE_END,      /* kills all that is in it */
	NURSE_SIGNAL,   /* to its job */
	NURSE_LIMIT,    /* it has these limits from now on */
	_NURSE_ASK_MAX
};

struct nurse_request {
	uint32_t magic;
	uint16_t version, kind;
	uint32_t slot, signal;
	struct group_limits limits; /* NURSE_LIMIT */
};

enum nurse_say {
	NURSE_READY = 1, /* for requests */
	NURSE_FAILED,    /* no sandbox can be made, for the reason in text; it ends */
	NURSE_MADE,      /* here is its socket (slot.h) */
	NURSE_NOT_MADE,  /* for the reason in text */
	NURSE_LIMITED,   /* its limits are set, or why not in text */
	NURSE_GONE,      /* nothing is left of it; this is what it used */
	_NURSE_SAY_MAX
};

struct nurse_reply {
	uint32_t magic;
	uint16_t version, kind;
	uint32_t slot;
	int32_t error;
	uint32_t
		groups; /* NURSE_READY: limits are a group's; else those of its processes, at best */
	uint32_t unused;
	struct group_usage usage; /* NURSE_GONE; all 0 without a group */
	char text[640];
};

_Static_assert(sizeof(struct nurse_request) == 80, "no hidden padding crosses the wire");
_Static_assert(sizeof(struct nurse_reply) == 744, "no hidden padding crosses the wire");

/* Is it one of ours, and is what it says possible? */
int nurse_check_terms(const struct nurse_terms *t);
int nurse_check_request(const void *bytes, long size, struct nurse_request *ret);
int nurse_check_reply(const void *bytes, long size, struct nurse_reply *ret);
