/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trick: one known way out of a sandbox, reduced to the basic operation that it begins with:
 * tried once, looked at, undone.  Whether it is refused is all that is asked.
 */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Returned instead of 0 (it worked) or a negative errno (it was refused). */
enum { NOT_TRIABLE = 1 };

#define PREPARED "/usr/lib/escape"    /* by the guest's script: files that only a mount guards */
#define VOLUME   "/ro"                /* where a volume lies read-only */
#define NAME     "fairlead-neighbour" /* of whatever the neighbour has */

enum { NEIGHBOUR_PORT = 4711, NEIGHBOUR_KEY = 0x4641 };

struct trick {
	const char *name;
	const char *tries;   /* in one sentence */
	const char *guard;   /* what stops it */
	const char *without; /* the control: what bare.c leaves out, so that it works */
	const char *handed;  /* kind of stdin that it is about (hand.c); NULL: none */
	int (*try)(void);
};

/* One list a subject, each ended by a row without a name. */
extern const struct trick file_tricks[], mount_tricks[], namespace_tricks[], process_tricks[],
	proc_tricks[], kernel_tricks[], network_tricks[], ipc_tricks[], handed_tricks[];

/* What the process knew when it began. */
struct beginning {
	pid_t runner, stub; /* the process that runs the tricks, and its parent */
	int inherited;      /* a descriptor beyond the three, or -1 */
};
extern struct beginning beginning;

static inline int done(long result)
{
	return result < 0 ? -errno : 0;
}

/* From the first to the last byte, or the reason why not. */
int write_text(const char *path, const char *text);
int read_text(const char *path, char *text, size_t size);

/* Outside of any sandbox: something for tricks to reach, and what they are handed. */
int neighbour(void);
int hand(const char *kind, char **argv);

/* Programs of their own, which a trick executes. */
int reopen_self(void);
int write_through(const char *fd);
