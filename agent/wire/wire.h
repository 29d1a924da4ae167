/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: the fixed-size messages between agent and warden, on one SOCK_SEQPACKET pair.  The
 * agent asks, the warden answers, one at a time; file descriptors travel along.  Both sides
 * check what they get: the agent is the less trusted one.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum wire_kind {
	WIRE_HELLO = 1, /* who are you: capabilities held */
	WIRE_LOAD,      /* load and attach a subject; its maps come back */
	WIRE_UNLOAD,    /* detach and drop a subject */
	WIRE_OPEN,      /* open a file of the warden's table, read-only */
	WIRE_PLACES,    /* make the socket and the folders; once, before anything is loaded */
	WIRE_MISSED,    /* how often the kernel kept programs from running */
	WIRE_NURSERY,   /* start a process that makes sandboxes; two descriptors come along */
	_WIRE_KIND_MAX
};

enum wire_subject { WIRE_SCHED, WIRE_DISK, WIRE_CACHE, _WIRE_SUBJECT_MAX };
enum wire_file { WIRE_FILE_CONFIG, _WIRE_FILE_MAX };

#define WIRE_MAGIC   0x66616972u /* also says the byte order is the same: one host, one binary */
#define WIRE_VERSION 5
#define WIRE_FDS     8
#define WIRE_HOOKS   32

enum { WIRE_NURSERY_SOCKET, WIRE_NURSERY_TERMS, WIRE_NURSERY_FDS }; /* agent/wire/nurse.h */

struct wire_request {
	uint32_t magic;
	uint16_t version, kind;
	uint32_t serial;
	uint32_t subject;                 /* WIRE_LOAD, WIRE_UNLOAD */
	uint32_t hook;                    /* WIRE_LOAD: enum hook_choice */
	uint32_t cgroups;                 /* WIRE_LOAD: count per cgroup, 0 or 1 */
	uint32_t file;                    /* WIRE_OPEN */
	uint32_t execute;                 /* WIRE_PLACES: sandboxes will be asked for, 0 or 1 */
	char socket[108], state_dir[256]; /* WIRE_PLACES: NUL-terminated */
};

struct wire_reply {
	uint32_t magic;
	uint16_t version, kind;
	uint32_t serial;
	int32_t error;             /* 0 or -errno */
	uint32_t fds;              /* how many descriptors come along */
	int32_t tried[WIRE_HOOKS]; /* WIRE_LOAD: what each hook answered: 0 in use, 1 not tried */
	uint32_t cpus, shards;     /* WIRE_LOAD: the shape of the tables */
	uint64_t capabilities;     /* WIRE_HELLO: effective set, bit by capability number */
	uint64_t missed;           /* WIRE_MISSED: runs of all programs that are loaded */
	char text[256];            /* why not, in the words of the kernel or for the user */
};

_Static_assert(sizeof(struct wire_request) == 396, "no hidden padding crosses the wire");
_Static_assert(sizeof(struct wire_reply) == 432, "no hidden padding crosses the wire");

/*
 * All return 0 or -errno; -EPROTO for a message that is not one of ours, -EPIPE when the
 * other side is gone.  Descriptors received are the caller's; unexpected ones are closed.
 */
int wire_send_request(int socket, const struct wire_request *r, const int *fds, size_t count);
int wire_receive_request(int socket, struct wire_request *ret, int fds[WIRE_NURSERY_FDS]);
int wire_send_reply(int socket, const struct wire_reply *r, const int *fds);
int wire_receive_reply(int socket, struct wire_reply *ret, int fds[WIRE_FDS]);

/* Does the request make sense as far as the wire knows; what the fuzzer feeds. */
int wire_check_request(const void *bytes, size_t size, struct wire_request *ret);
