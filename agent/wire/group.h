/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group: how a nursery has cgroups made and used by the warden, on a SOCK_SEQPACKET pair of
 * their own.  The nursery asks, the warden answers, one at a time; groups go with the
 * connection.  Both sides check what they get: the nursery is the less trusted one.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct group_limits { /* 0: no limit */
	uint64_t memory_bytes;
	uint64_t swap_bytes;      /* beside limited memory; 0: none */
	uint64_t cpu_thousandths; /* of a CPU */
	uint64_t processes;
	uint64_t read_bytes, written_bytes; /* a second, of each disk */
	uint64_t reads, writes;             /* likewise */
};

struct group_usage { /* since it was made or reset */
	uint64_t user_ns, system_ns;
	uint64_t throttled_ns; /* kept from running by cpu_thousandths */
	uint64_t memory_peak;  /* bytes */
	uint64_t memory_kills;
	uint64_t refused_processes; /* how often `processes` kept one from being made */
	uint64_t read_bytes, written_bytes, reads, writes; /* of disks */
};

enum group_wish {
	GROUP_NEW = 1, /* limits -> id */
	GROUP_PUT,     /* id and a pidfd: that process is in it from now on */
	GROUP_LIMIT,   /* id, limits: until it is reset */
	GROUP_USE,     /* id -> usage */
	GROUP_RESET,   /* id: ends what is left; limits of the beginning, nothing used */
	GROUP_FREE,    /* id: ends what is left; it is gone */
	_GROUP_WISH_MAX
};

#define GROUP_MAGIC        0x67727570u
#define GROUP_WIRE_VERSION 1

enum {
	GROUP_MOST = 2048,            /* groups of one connection */
	GROUP_LEAST_MEMORY = 1 << 20, /* less is out of sense, … */
	GROUP_LEAST_CPU = 10,         /* … or what the kernel refuses */
	GROUP_MOST_CPU = 4096000,
	GROUP_MOST_PROCESSES = 1 << 22,
};
#define GROUP_MOST_BYTES (1ull << 50)

struct group_request {
	uint32_t magic;
	uint16_t version, wish;
	uint32_t serial;
	uint32_t id;
	struct group_limits limits; /* GROUP_NEW, GROUP_LIMIT */
};

struct group_reply {
	uint32_t magic;
	uint16_t version, wish;
	uint32_t serial;
	uint32_t id;
	int32_t error; /* 0 or -errno */
	uint32_t unused;
	struct group_usage usage; /* GROUP_USE */
};

_Static_assert(sizeof(struct group_request) == 80, "no hidden padding crosses the wire");
_Static_assert(sizeof(struct group_reply) == 104, "no hidden padding crosses the wire");

/*
 * All return 0 or -errno; -EPROTO for a message that is not one of ours, -EPIPE when the other
 * side is gone.  pidfd: -1 for none; one that was received is the caller's, GROUP_PUT has one and
 * no other wish.  The warden's side waits for nobody: -EAGAIN.
 */
int group_send_request(int socket, const struct group_request *r, int pidfd);
int group_receive_request(int socket, struct group_request *ret, int *pidfd);
int group_send_reply(int socket, const struct group_reply *r);
int group_receive_reply(int socket, struct group_reply *ret);

/* Is it a request of ours, and: do its limits make sense, or -EINVAL.  What the fuzzer feeds. */
int group_check_request(const void *bytes, size_t size, struct group_request *ret);
int group_check_limits(const struct group_limits *l);
