/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a request share: how far one is, and values as they often come. */
#pragma once
#include "agent/jobs/reader.h"
#include "agent/jobs/request.h"

struct parse {
	struct reader reader;
	struct job_request *request;
	const char *key; /* at work on */
	uint64_t seen;   /* a bit a key */
	bool has_argv, has_args;
	size_t words_bytes; /* of words and environment so far, as execve(2) counts them */
	char *why;
	size_t n;
	int error;
};

/* Text from outside within one of ours: printable ASCII, and not much of it. */
struct shown {
	char text[48];
};
struct shown parse_show(const char *text);

/* All of these are false once something is wrong; then the reader or `why` says what. */
__attribute__((format(printf, 2, 3))) bool parse_refuse(struct parse *p, const char *format, ...);
bool parse_expect(struct parse *p, enum reader_kind kind, const char *called);
bool parse_first_time(struct parse *p, uint64_t *seen, size_t row); /* of an object's keys */

bool parse_bytes(struct parse *p, struct job_bytes *ret);
bool parse_base64(struct parse *p, struct job_bytes *ret);
/* One that the kernel will see: without a NUL, and of so many bytes at most. */
bool parse_word(struct parse *p, const char *called, size_t most, char **ret);
bool parse_file_name(struct parse *p, const char **ret);
bool parse_absolute(struct parse *p, const char **ret);

/* One more of the request's files, of its volumes. */
bool parse_file(struct parse *p);
bool parse_volume(struct parse *p);
