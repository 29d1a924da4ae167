/* SPDX-License-Identifier: Apache-2.0 */
/* base64: bytes as text (RFC 4648, with padding, no line breaks), and back. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#define BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4) /* of its text, without a NUL */

void base64_write(char *ret, const void *bytes, size_t size); /* BASE64_SIZE(size), no NUL */

/* How many bytes it is, which may lie where the text was; -EINVAL when it is no base64. */
ssize_t base64_read(void *ret, const char *text, size_t size);
