/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graft: what the nursery and a zygote say to each other, on a SOCK_SEQPACKET of their own.
 * The nursery begins with struct graft_setup, once, followed in the same message by the system
 * call filter that every slot is to load.  The zygote says that it is ready, or why it will
 * never be.  Then each struct graft_request, which comes with its descriptors, is answered by
 * one struct graft_answer, in order.  What a slot is told later is slot.h.
 */
#pragma once
#include <stdint.h>

#define GRAFT_MAGIC   0x67726166u
#define GRAFT_VERSION 1

/* Of a zygote and of an interpreter that was started ahead; 0, 1 and 2 are open as well. */
enum {
	GRAFT_CONTROL_FD = 3, /* of a zygote; what is not forked has its job's socket here */
	GRAFT_LIBRARY_FD = 4, /* LD_PRELOAD names it (GRAFT_PRELOAD); closed once that is loaded */
	GRAFT_SCRIPT_FD = 5,  /* closed before a job is seen */
};
#define GRAFT_PRELOAD "LD_PRELOAD=/proc/self/fd/4"
#define GRAFT_ZYGOTE  "FAIRLEAD_ZYGOTE=1" /* of a zygote only: descriptor 3 is its control socket */

enum { GRAFT_FILTER_MAX = 4096 }; /* the kernel's own limit (BPF_MAXINSNS) */

struct graft_setup {
	uint32_t magic, version;
	uint32_t instructions; /* so many struct sock_filter follow */
	uint32_t unused;
};

enum { GRAFT_STUB, GRAFT_JOB, GRAFT_FENCE, GRAFT_FDS }; /* what comes along, in this order */

struct graft_request {
	uint32_t magic, version;
	uint32_t fds; /* 2: pidfd of process 1 of the slot, its job socket; 3: a landlock ruleset */
	uint32_t unused;
};

enum graft_state {
	GRAFT_READY = 1, /* imports are done, the filter is there */
	GRAFT_UNUSABLE,  /* it is not, and ends: what */
	GRAFT_FORKED,    /* a slot: pid */
};

struct graft_answer {
	uint32_t magic, version;
	int32_t state; /* enum graft_state */
	int32_t pid;   /* of the slot's process as the zygote's namespace counts, or -errno */
	int32_t step;  /* enum sandbox_step that was under way then */
	uint32_t unused;
	char what[232]; /* NUL-terminated */
};

_Static_assert(sizeof(struct graft_setup) == 16, "no hidden padding crosses the wire");
_Static_assert(sizeof(struct graft_request) == 16, "no hidden padding crosses the wire");
_Static_assert(sizeof(struct graft_answer) == 256, "no hidden padding crosses the wire");
