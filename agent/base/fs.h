/* SPDX-License-Identifier: Apache-2.0 */
/* fs: small files, read whole. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Reads up to size-1 bytes, ends them with NUL, cuts one trailing newline.  Length, or -errno. */
ssize_t fs_read(const char *path, char *buffer, size_t size);
