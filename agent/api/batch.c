/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/batch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/api/job_json.h"
#include "agent/api/job_problem.h"
#include "agent/api/jobs_door.h"
#include "agent/base/clock.h"
#include "agent/loop/loop.h"
#include "exporters/out.h"

#define A_TURN (1 << 20) /* bytes of lines, some 2 ms: then others have theirs */
#define A_LINE 64        /* that a line is counted as beside its bytes */

struct batch {
	const struct jobs_agent *agent;
	uid_t uid;
	char *text, *at, *end;
	unsigned long line; /* the last one taken */
	struct item *under_way;
	unsigned int count;
	struct job_request *held; /* that there was no room for; of `line` */
	struct loop_source *retry;
	bool resting; /* until the retry */
	struct out out;
	size_t taken; /* of out */
	void (*wake)(void *context);
	void *context;
};

/* A job under way. */
struct item {
	struct job_ticket ticket; /* first */
	struct item *next, **link;
	struct batch *of;
	unsigned long line;
	char id[JOB_ID_SIZE];
};

static void try_again(void *context, uint32_t events)
{
	struct batch *b = context;

	(void)events;
	b->resting = false;
	b->wake(b->context);
}

int batch_new(struct batch **ret, const struct jobs_agent *agent, struct loop *loop, uid_t uid,
	      char *text, size_t size, void (*wake)(void *context), void *context)
{
	struct batch *b = text ? calloc(1, sizeof(*b)) : NULL;
	int r = -ENOMEM;

	if (b) {
		*b = (struct batch){ .agent = agent,
				     .uid = uid,
				     .text = text,
				     .at = text,
				     .end = text + size,
				     .wake = wake,
				     .context = context };
		r = loop_timer(loop, 0, try_again, b, &b->retry);
	}
	if (r) {
		free(b);
		free(text);
		return r;
	}
	*ret = b;
	return 0;
}

static void item_free(struct item *i)
{
	*i->link = i->next;
	if (i->next)
		i->next->link = i->link;
	i->of->count--;
	job_ticket_leave(&i->ticket);
	free(i);
}

struct batch *batch_free(struct batch *b)
{
	if (!b)
		return NULL;
	while (b->under_way) {
		struct item *i = b->under_way;

		job_ticket_leave(&i->ticket);
		b->agent->cancel(b->agent->context, i->id, b->uid);
		item_free(i);
	}
	loop_drop(b->retry);
	job_request_free(b->held);
	out_free(&b->out);
	free(b->text);
	free(b);
	return NULL;
}

static void ended(struct job_ticket *t, const struct job_result *result)
{
	struct item *i = (struct item *)t;
	struct batch *b = i->of;

	job_json_write(&b->out, result, i->line);
	out_bytes(&b->out, "\n", 1);
	item_free(i);
	b->wake(b->context);
}

static void refuse(struct batch *b, int error, const char *why)
{
	job_problem_write(&b->out, error, why, b->line);
	out_bytes(&b->out, "\n", 1);
}

static bool is_blank(const char *at, size_t size)
{
	while (size && strchr(" \t\r", *at)) {
		if (!*at)
			return false;
		at++;
		size--;
	}
	return !size;
}

/* The next line that is a job, in `held`; others are answered on the way. */
static void take_line(struct batch *b)
{
	char why[256], *line = b->at, *end = memchr(b->at, '\n', (size_t)(b->end - b->at));
	size_t size = (size_t)((end ? end : b->end) - line);
	char *copy;
	int r;

	b->line++;
	b->at = end ? end + 1 : b->end;
	if (is_blank(line, size))
		return;
	copy = malloc(size + 1);
	if (copy)
		memcpy(copy, line, size);
	r = copy ? job_request_parse(copy, size, &b->held, why, sizeof(why)) : -ENOMEM;
	if (r)
		refuse(b, r, r == -ENOMEM ? "" : why);
}

/* Too much at once is no failure of a line: it waits, for one of its own to end or a while. */
static bool wait_for_room(struct batch *b, const struct job_receipt *receipt)
{
	unsigned int seconds = receipt->retry_after_seconds ? receipt->retry_after_seconds : 1;

	b->resting = !b->count;
	return !b->resting || loop_timer_set(b->retry, seconds * NS_PER_SEC, 0) == 0;
}

static struct item *item_new(struct batch *b)
{
	struct item *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	*i = (struct item){ .ticket.done = ended,
			    .next = b->under_way,
			    .link = &b->under_way,
			    .of = b,
			    .line = b->line };
	if (i->next)
		i->next->link = &i->next;
	b->under_way = i;
	b->count++;
	return i;
}

/* Whether there is room for more. */
static bool submit(struct batch *b)
{
	struct job_receipt receipt = { 0 };
	struct item *i = item_new(b);
	int r = i ? b->agent->submit(b->agent->context, b->held, b->uid, &i->ticket, &receipt)
		  : -ENOMEM;

	if (!r) {
		memcpy(i->id, receipt.id, sizeof(i->id));
		b->held = NULL;
		return true;
	}
	if (i)
		item_free(i);
	if ((r == -EAGAIN || r == -ENOSPC) && wait_for_room(b, &receipt))
		return false;
	b->held = job_request_free(b->held);
	refuse(b, r, receipt.why);
	return true;
}

static bool has_more(const struct batch *b)
{
	return b->held || b->at < b->end;
}

static void begin_jobs(struct batch *b)
{
	bool room = !b->resting;
	size_t spent = 0;

	while (room && has_more(b) && b->count < BATCH_UNDER_WAY &&
	       b->out.size - b->taken < BATCH_UNREAD && spent < A_TURN) {
		char *from = b->at;

		if (!b->held)
			take_line(b);
		if (b->held)
			room = submit(b);
		spent += (size_t)(b->at - from) + A_LINE;
	}
	if (spent >= A_TURN)
		loop_timer_set(b->retry, 1, 0);
}

ssize_t batch_read(struct batch *b, char *ret, size_t size)
{
	size_t n;

	begin_jobs(b);
	n = b->out.size - b->taken;
	if (b->out.failed)
		return -ENOMEM; /* a line is missing: no answer that looks whole */
	if (!n)
		return b->count || has_more(b) ? -EAGAIN : 0;
	n = n < size ? n : size;
	memcpy(ret, b->out.data + b->taken, n);
	b->taken += n;
	if (b->taken == b->out.size)
		b->out.size = b->taken = 0;
	return (ssize_t)n;
}
