/* SPDX-License-Identifier: Apache-2.0 */
/*
 * headers: what is to be said with every push beside what OTLP asks for, such as a token, one
 * "Name: value" a line of a file.  It holds secrets: a file that others may read, or somebody but
 * its owner may write, is refused, and no line of it is ever told.
 */
#pragma once
#include <stddef.h>

/* *ret: whole headers, each ended by NUL, an empty one at the end; the caller's, headers_free().
 * -errno with a line in `why` that says what is wrong and how to mend it. */
int headers_read(const char *path, char **ret, char *why, size_t size);
char *headers_free(char *headers); /* wipes them; takes NULL, returns NULL */
