/* SPDX-License-Identifier: Apache-2.0 */
/* fs: small files, read whole. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Reads up to size-1 bytes, ends them with NUL, cuts one trailing newline.  Length, or -errno. */
ssize_t fs_read(const char *path, char *buffer, size_t size);

/*
 * A machine's files, by their paths below its root: "", or a folder that stands for one.  The few
 * of the kernel that are read again and again stay open, which is half of what they cost; those
 * of devices come and go, and are better read by fs_read().
 */
struct fs_machine;
int fs_machine_new(struct fs_machine **ret, const char *root);
struct fs_machine *fs_machine_free(struct fs_machine *m);
void fs_machine_freep(struct fs_machine **m);

const char *fs_machine_root(const struct fs_machine *m);

/* As fs_read(), of a path below the root; the file stays open, or, once, does not. */
ssize_t fs_machine_read(struct fs_machine *m, const char *path, char *buffer, size_t size);
ssize_t fs_machine_read_once(const struct fs_machine *m, const char *path, char *buffer,
			     size_t size);
