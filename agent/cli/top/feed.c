/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/top/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/base/clock.h"
#include "agent/cli/client.h"
#include "agent/cli/look.h"
#include "agent/loop/loop.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/json.h"

#define RETRY_NS    (500 * NS_PER_MSEC)
#define PATIENCE_NS (5 * NS_PER_SEC)    /* beyond the window that was asked for */
#define FIRST_NS    (250 * NS_PER_MSEC) /* probes of our own: a first picture, however long the beat */

struct feed {
	struct loop *loop;
	struct look *look;
	uint64_t interval_ns, asked_ns;
	bool paused, first;
	struct feed_user user;
	struct loop_source *timer;    /* the beat; of an agent: to ask again, or that it is late */
	struct loop_source *readable; /* while an answer is on the way */
	struct client_call call;
};

static void hang_up(struct feed *f)
{
	f->readable = loop_drop(f->readable);
	client_call_done(&f->call);
}

static void retry(struct feed *f, const char *why)
{
	hang_up(f);
	f->first = true; /* it may be another agent, and its last window is at hand */
	f->user.troubled(f->user.context, why);
	loop_timer_set(f->timer, RETRY_NS, 0);
}

static const char *why_not(int r)
{
	switch (r) {
	case -ENOENT:
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EPIPE:
	case -EIO:
	case -EPROTO: /* it was cut off in the middle */
		return "agent gone, retrying";
	case -EACCES:
		return "the agent is not for this user, retrying";
	default:
		return "the agent does not answer, retrying";
	}
}

static void ask(struct feed *f);

/* The window that is asked for is the beat; one who answers sooner is not asked sooner. */
static void ask_next(struct feed *f)
{
	uint64_t due_ns = f->asked_ns + f->interval_ns / 10 * 9, now_ns = clock_mono_ns();
	bool early = !f->first && now_ns < due_ns;

	f->first = false;
	if (f->paused)
		return;
	if (early)
		loop_timer_set(f->timer, due_ns - now_ns, 0);
	else
		ask(f);
}

static void take(struct feed *f, const struct answer *a)
{
	struct snapshot *s = NULL;
	char why[64];

	if (a->status != 200) {
		snprintf(why, sizeof(why), "the agent answered %d, retrying", a->status);
		retry(f, why);
	} else if (json_read_snapshot(a->body, a->length, &s)) {
		retry(f, "the agent is of another version, retrying");
	} else {
		f->user.fed(f->user.context, s);
		ask_next(f);
	}
}

static void on_readable(void *context, uint32_t events)
{
	struct feed *f = context;
	struct answer answer = { 0 };
	int r;

	(void)events;
	r = client_more(&f->call, &answer);
	if (!r || r == -EAGAIN)
		return;
	hang_up(f);
	if (r < 0)
		retry(f, why_not(r));
	else
		take(f, &answer);
	answer_freep(&answer);
}

static void ask(struct feed *f)
{
	char path[64] = "/v1/snapshot";
	int r;

	hang_up(f);
	f->asked_ns = clock_mono_ns();
	if (!f->first)
		snprintf(path, sizeof(path), "/v1/snapshot?for=%lluns",
			 (unsigned long long)f->interval_ns);
	r = client_begin(&f->call, look_socket(f->look), path);
	if (!r)
		r = loop_watch(f->loop, f->call.fd, EPOLLIN, on_readable, f, &f->readable);
	if (r)
		retry(f, why_not(r));
	else
		loop_timer_set(f->timer, f->interval_ns + PATIENCE_NS, 0);
}

static void look_oneself(struct feed *f)
{
	struct snapshot *s = NULL;
	char why[96];
	int r = look_tick(f->look, f->interval_ns, &s);

	if (r) {
		snprintf(why, sizeof(why), "the probes cannot be read: %s", strerror(-r));
		f->user.troubled(f->user.context, why);
	} else if (s) {
		f->user.fed(f->user.context, s);
	}
}

static void on_timer(void *context, uint32_t events)
{
	struct feed *f = context;

	(void)events;
	if (!look_by_agent(f->look))
		look_oneself(f);
	else if (f->readable)
		retry(f, why_not(-ETIMEDOUT));
	else
		ask(f);
}

/* The beat from now on, or the agent's next answer. */
static void start(struct feed *f)
{
	if (look_by_agent(f->look)) {
		f->first = true;
		ask(f);
	} else {
		look_oneself(f);
		loop_timer_set(f->timer, f->interval_ns < FIRST_NS ? f->interval_ns : FIRST_NS,
			       f->interval_ns);
	}
}

int feed_new(struct feed **ret, struct loop *loop, struct look *look, uint64_t interval_ns,
	     const struct feed_user *user)
{
	struct feed *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	*f = (struct feed){ .loop = loop,
			    .look = look,
			    .interval_ns = interval_ns,
			    .user = *user,
			    .call = CLIENT_CALL_NONE };
	r = loop_timer(loop, 0, on_timer, f, &f->timer);
	if (r) {
		feed_free(f);
		return r;
	}
	start(f);
	*ret = f;
	return 0;
}

struct feed *feed_free(struct feed *f)
{
	if (f) {
		hang_up(f);
		loop_drop(f->timer);
	}
	free(f);
	return NULL;
}

void feed_freep(struct feed **f)
{
	*f = feed_free(*f);
}

void feed_set_interval(struct feed *f, uint64_t interval_ns)
{
	f->interval_ns = interval_ns;
	if (!f->paused)
		start(f);
}

void feed_pause(struct feed *f, bool paused)
{
	f->paused = paused;
	if (!paused) {
		start(f);
		return;
	}
	hang_up(f);
	loop_timer_set(f->timer, 0, 0);
}
