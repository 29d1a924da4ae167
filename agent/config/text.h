/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: whether bytes from outside are plain UTF-8 text, and if not, where.  Lines end with
 * \n or \r\n only; what other readers would also take for a line end is refused here, so
 * that a line number means the same to every one of them.
 */
#pragma once
#include <stddef.h>

struct text_fault {
	unsigned int line, column; /* from 1; a column is a character, not a byte */
	unsigned int byte;
	const char *what;
};

/* 0, or -EILSEQ with *ret filled. */
int text_check(const char *text, size_t length, struct text_fault *ret);
