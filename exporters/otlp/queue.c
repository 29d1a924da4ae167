/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/otlp/queue.h"

#include <stdlib.h>

struct otlp_body *otlp_body_free(struct otlp_body *body)
{
	if (body)
		free(body->data);
	free(body);
	return NULL;
}

void otlp_queue_init(struct otlp_queue *q, size_t count_max, size_t bytes_max)
{
	*q = (struct otlp_queue){ .count_max = count_max, .bytes_max = bytes_max };
	q->end = &q->first;
}

struct otlp_body *otlp_queue_take(struct otlp_queue *q)
{
	struct otlp_body *body = q->first;

	if (!body)
		return NULL;
	q->first = body->next;
	if (!q->first)
		q->end = &q->first;
	q->count--;
	q->bytes -= body->size;
	return body;
}

void otlp_queue_clear(struct otlp_queue *q)
{
	while (q->first)
		otlp_body_free(otlp_queue_take(q));
}

/* One body alone may be larger than all that is allowed; then it waits alone. */
static void make_room(struct otlp_queue *q)
{
	while (q->count > q->count_max || (q->bytes > q->bytes_max && q->count > 1)) {
		otlp_body_free(otlp_queue_take(q));
		q->dropped++;
	}
}

void otlp_queue_put(struct otlp_queue *q, struct otlp_body *body)
{
	body->next = NULL;
	*q->end = body;
	q->end = &body->next;
	q->count++;
	q->bytes += body->size;
	make_room(q);
}

void otlp_queue_put_back(struct otlp_queue *q, struct otlp_body *body)
{
	body->next = q->first;
	if (!q->first)
		q->end = &body->next;
	q->first = body;
	q->count++;
	q->bytes += body->size;
	make_room(q);
}
