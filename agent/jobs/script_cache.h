/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script_cache: what is in files that are run again and again, each with a version that changes
 * when its bytes do, so that what was made of them (a compiled module) can be kept beside it.
 *
 * An edit is always seen:
 *   - Up to SCRIPT_COMPARED bytes the file is read each time and compared: that is cheaper than
 *     being wrong, and no time stamp can deceive it.
 *   - A longer one is trusted as long as device, inode, size, mtime and ctime are as they were,
 *     and both times were over when it was read: a file that was changed within SCRIPT_SETTLES_NS
 *     of the reading may change once more under the same stamps, as the clock of a file system
 *     has a grain of milliseconds (2 s where it is FAT).  Until then it is compared as well.
 *
 * What a longer file cannot promise: a store through a shared mapping is seen when the kernel
 * stamps it, which is at the first store after each write-back, and on tmpfs not at all; and a
 * file system of the network answers with stamps of some seconds ago.
 *
 * The caller opens the file, with the rights of whoever asks for it: a path that may not be read
 * has no business here.  So a renamed file is the same one, and one renamed over it another.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { SCRIPT_COMPARED = 64 << 10 };
#define SCRIPT_SETTLES_NS 2000000000ull

struct script_cache;

struct script { /* borrowed until the next call */
	const void *bytes;
	size_t size;
	uint64_t version; /* never 0, and none comes twice */
};

struct script_counts {
	uint64_t hits;     /* trusted by its stamps */
	uint64_t compared; /* read, and the same */
	uint64_t loaded;   /* new, or no longer the same */
	uint64_t evicted;
	size_t entries, bytes; /* now */
};

/* Of files up to a quarter of bytes_max; longer ones are read, and not kept.  -ENOMEM. */
int script_cache_new(struct script_cache **ret, size_t bytes_max);
struct script_cache *script_cache_free(struct script_cache *c);
void script_cache_freep(struct script_cache **c);

/*
 * What is in the open file from its beginning.  wall_ns: the time by the clock that stamps files,
 * taken before the call.  -EISDIR or -EINVAL: no regular file; -EFBIG: longer than size_max;
 * -EBUSY: it gets shorter as it is read; -ENOMEM; or what reading failed with.
 */
int script_cache_get(struct script_cache *c, int fd, size_t size_max, uint64_t wall_ns,
		     struct script *ret);

struct script_counts script_cache_counts(const struct script_cache *c);
