/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: text from outside, and names, which on Linux are bytes that may be no text at all. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `at`, or 0 when it is cut off, overlong or no character at all. */
size_t utf8_decode(const void *at, size_t left, uint32_t *ret);

/* text itself where all of it is UTF-8; else a copy in `ret`, cut to size, with ? for what is none. */
const char *utf8_mend(const char *text, char *ret, size_t size);
