/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post: one body after the other to one address, by libcurl, which is loaded with the first: it and
 * what it needs are 9 MB that an agent without a push does not have.  Blocks: for a thread of its
 * own.  TLS is 1.3 only, redirects are not followed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct post;

/* All borrowed while a post lives; NULL or "" for none. */
struct post_terms {
	const char *endpoint, *ca, *certificate, *key;
	const char *headers; /* as headers_read() gives them */
	const char *agent;   /* User-Agent */
	uint64_t timeout_ns;
};

enum { POST_WHY = 256, POST_ANSWER_MAX = 4096 };

struct post_answer {
	long status;             /* of HTTP; 0: no answer came, and `why` says why not */
	uint64_t retry_after_ns; /* 0: the server asked for nothing */
	uint64_t rejected;       /* points of what else was taken */
	char why[POST_WHY];
};

/* Where there is no libcurl that can do it: -ENOENT or -ENOTSUP with a line in `why`. */
int post_new(struct post **ret, const struct post_terms *terms, char why[POST_WHY]);
struct post *post_free(struct post *p);

/* gzip: the body is compressed.  -ECANCELED after post_cancel(), *ret is then untouched. */
int post_run(struct post *p, const void *body, size_t size, bool gzip, struct post_answer *ret);

/* From any thread: ends the run under way, and all to come, at once. */
void post_cancel(struct post *p);
