/* SPDX-License-Identifier: Apache-2.0 */
/*
 * printable: text from outside, made fit for a terminal.  A cgroup, a disk or a host is named by
 * whoever made it; what would move the cursor, turn the writing round or change nothing that can
 * be seen becomes '?', and so does what is no UTF-8.  Beyond ASCII it keeps what the locale
 * (LC_CTYPE, the caller's to set) can show, nothing in the C locale.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* One character of text: how many bytes it was; *ret is it or '?', *columns 1 or 2. */
size_t printable_next(const char *text, uint32_t *ret, unsigned int *columns);

/* All of text, which never gets longer; in place if ret is text. */
void printable_copy(char *ret, size_t size, const char *text);

/* How many columns it takes once it is printable. */
size_t printable_columns(const char *text);
/* The longest end of text that takes at most so many columns. */
const char *printable_end(const char *text, size_t columns);
