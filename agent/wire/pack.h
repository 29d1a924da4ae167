/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack: a job as bytes: records one after the other, each a kind, a length (4 bytes, little
 * endian) and so many bytes.  Scripts in other languages read it too (agent/sandbox/graft).
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum pack_kind {
	PACK_WORD = 'a',        /* of argv, in order */
	PACK_ENVIRONMENT = 'e', /* KEY=VALUE; all of it */
	PACK_CODE_NAME = 'n',   /* of the file that the code becomes */
	PACK_CODE = 'c',
	PACK_FILE = 'f',       /* name of a file in the working folder, … */
	PACK_EXECUTABLE = 'x', /* … which may be executed, … */
	PACK_CONTENT = 'b',    /* … and what is in it */
};

enum { PACK_HEADER = 5 };

struct pack { /* zeroed to begin with; bytes are freed by who has it */
	char *bytes;
	size_t size, room;
	int error; /* -ENOMEM or -E2BIG once something did not fit */
};

void pack_add(struct pack *p, enum pack_kind kind, const void *bytes, size_t size);
void pack_add_text(struct pack *p, enum pack_kind kind, const char *text);

struct pack_record {
	enum pack_kind kind;
	const char *bytes; /* not terminated */
	uint32_t size;
};

/* The record at *at, which then is behind it.  1: there is one; 0: the end; -EPROTO. */
int pack_next(const char *bytes, size_t size, size_t *at, struct pack_record *ret);
