/* SPDX-License-Identifier: Apache-2.0 */
/* fs: small files, read whole. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Reads up to size-1 bytes, ends them with NUL, cuts one trailing newline.  Length, or -errno. */
ssize_t fs_read(const char *path, char *buffer, size_t size);

/*
 * The same, for the few files of the kernel that are read again and again: they stay open, which
 * is half of their cost.  For one thread; any other file is opened each time.
 */
ssize_t fs_read_often(const char *path, char *buffer, size_t size);
