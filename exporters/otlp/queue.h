/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue: bodies that wait to be sent, oldest first, bounded by count and bytes.  What has no room
 * makes the oldest go: totals are cumulative, so the newest body says the most.  No lock of its own.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct otlp_body {
	struct otlp_body *next;
	char *data; /* owned */
	size_t size;
	bool gzip;
	uint64_t first_try_ns; /* 0: not tried yet */
};

struct otlp_queue {
	struct otlp_body *first, **end;
	size_t count, bytes;
	size_t count_max, bytes_max;
	uint64_t dropped; /* as there was no room */
};

void otlp_queue_init(struct otlp_queue *q, size_t count_max, size_t bytes_max);
void otlp_queue_clear(struct otlp_queue *q); /* frees what waits, without counting it */

void otlp_queue_put(struct otlp_queue *q, struct otlp_body *body);      /* takes it over */
struct otlp_body *otlp_queue_take(struct otlp_queue *q);                /* the oldest, or NULL */
void otlp_queue_put_back(struct otlp_queue *q, struct otlp_body *body); /* as the oldest again */

struct otlp_body *otlp_body_free(struct otlp_body *body);
