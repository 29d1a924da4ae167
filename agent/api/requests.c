/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/api/connection.h"
#include "agent/api/scrape.h"
#include "agent/base/clock.h"
#include "agent/config/option.h"
#include "agent/loop/loop.h"
#include "agent/probes/sample.h"

#define HISTORY_MAX_NS (600 * NS_PER_SEC)
#define WINDOWS_MAX    16 /* ?for=: each holds a sample of some 25 KB */

/*
 * A request that is not answered at once, or whose answer is lent to us.  While it waits for a
 * window to end, or for a body to be compressed, its connection sleeps.
 */
struct waiter {
	struct scrape_taker taker; /* of a body; first */
	struct waiter *next, **link;
	struct requests *of;
	struct MHD_Connection *connection;
	struct sample *base;        /* of a window */
	struct loop_source *timer;  /* NULL once the window has ended */
	struct loop_source *hangup; /* a connection that sleeps is not looked at by the library */
	bool asleep, gone;
};

static struct waiter *waiter_new(struct requests *r, struct MHD_Connection *c)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct waiter){ .of = r, .connection = c, .next = r->waiters, .link = &r->waiters };
	if (w->next)
		w->next->link = &w->next;
	r->waiters = w;
	return w;
}

static struct waiter *waiter_free(struct waiter *w)
{
	if (w) {
		loop_drop(w->timer);
		loop_drop(w->hangup);
		w->of->windows -= w->base != NULL;
		sample_free(w->base);
		scrape_leave(&w->taker);
		*w->link = w->next;
		if (w->next)
			w->next->link = w->link;
	}
	free(w);
	return NULL;
}

static void sleep_on(struct waiter *w)
{
	w->asleep = true;
	MHD_suspend_connection(w->connection);
}

static void wake(struct waiter *w)
{
	w->timer = loop_drop(w->timer);
	w->hangup = loop_drop(w->hangup);
	if (w->asleep)
		MHD_resume_connection(w->connection);
	w->asleep = false;
}

static void window_ended(void *context, uint32_t events)
{
	struct waiter *w = context;

	(void)events;
	wake(w);
	w->of->run(w->of->context);
}

static void hung_up(void *context, uint32_t events)
{
	struct waiter *w = context;

	w->gone = true;
	window_ended(w, events);
}

static enum MHD_Result wait_for(struct requests *r, struct MHD_Connection *c, uint64_t ns,
				struct waiter **ret)
{
	struct waiter *w;

	if (r->windows == WINDOWS_MAX) {
		r->losses->refused++;
		return connection_problem(c, MHD_HTTP_TOO_MANY_REQUESTS,
					  "too many requests wait for a window");
	}
	w = waiter_new(r, c);
	if (!w)
		return MHD_NO;
	w->base = r->agent.base(r->agent.context);
	r->windows += w->base != NULL;
	if (!w->base || loop_timer(r->loop, ns, window_ended, w, &w->timer) ||
	    loop_watch(r->loop, connection_fd(c), 0, hung_up, w, &w->hangup)) {
		waiter_free(w);
		return MHD_NO;
	}
	*ret = w;
	sleep_on(w);
	return MHD_YES;
}

/* Is there an argument that nobody asked for, or `for` without a value or twice? */
static enum MHD_Result look_at_argument(void *context, enum MHD_ValueKind kind, const char *key,
					const char *value)
{
	int *fors = context;

	(void)kind;
	if (strcmp(key, "for") || !value || ++*fors > 1)
		*fors = -1;
	return *fors < 0 ? MHD_NO : MHD_YES;
}

static enum MHD_Result get_snapshot(struct requests *r, struct MHD_Connection *c, void **state)
{
	static const struct option_row row = { .name = "for",
					       .type = OPTION_DURATION,
					       .size = sizeof(uint64_t),
					       .min = NS_PER_MSEC,
					       .max = 60 * (int64_t)NS_PER_SEC };
	const char *text = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "for");
	char why[OPTION_TEXT_MAX];
	uint64_t ns;
	int fors = 0;

	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, look_at_argument, &fors);
	if (fors < 0)
		return connection_problem(
			c, MHD_HTTP_BAD_REQUEST,
			"the only argument is for, once, with a duration such as 5s");
	if (!text)
		return connection_reply_json(c, r->agent.snapshot(r->agent.context, NULL));
	if (option_set(&row, &ns, text, why, sizeof(why)))
		return connection_problem(c, MHD_HTTP_BAD_REQUEST,
					  "for: a duration between 1ms and 1m, such as 5s");
	return wait_for(r, c, ns, (struct waiter **)state);
}

/* Arguments of /v1/history: each at most once, with a value. */
struct history_query {
	const char *series, *length;
	bool wrong;
};

static enum MHD_Result look_at_query(void *context, enum MHD_ValueKind kind, const char *key,
				     const char *value)
{
	struct history_query *q = context;
	const char **to = !strcmp(key, "series") ? &q->series : &q->length;

	(void)kind;
	q->wrong |= (strcmp(key, "series") && strcmp(key, "for")) || !value || *to;
	*to = value;
	return q->wrong ? MHD_NO : MHD_YES;
}

static enum MHD_Result get_history(struct requests *r, struct MHD_Connection *c, void **state)
{
	static const struct option_row row = { .name = "for",
					       .type = OPTION_DURATION,
					       .size = sizeof(uint64_t),
					       .min = NS_PER_SEC,
					       .max = HISTORY_MAX_NS };
	struct history_query q = { 0 };
	struct history_snapshot *s = NULL;
	uint64_t length_ns = HISTORY_MAX_NS;
	char why[OPTION_TEXT_MAX];
	int error;

	(void)state;
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, look_at_query, &q);
	if (q.wrong)
		return connection_problem(
			c, MHD_HTTP_BAD_REQUEST,
			"the arguments are series and for, each once and with a value");
	if (q.length && option_set(&row, &length_ns, q.length, why, sizeof(why)))
		return connection_problem(c, MHD_HTTP_BAD_REQUEST,
					  "for: a duration between 1s and 10m, such as 2m");
	error = r->agent.history(r->agent.context, q.series ? q.series : "", length_ns, &s);
	if (error == -EINVAL)
		return connection_problem(c, MHD_HTTP_BAD_REQUEST,
					  "series: no series has a name that begins so");
	return error ? MHD_NO : connection_stream(c, s);
}

static enum MHD_Result get_doctor(struct requests *r, struct MHD_Connection *c, void **state)
{
	(void)state;
	return connection_reply_json(c, r->agent.doctor(r->agent.context));
}

static void body_ready(struct scrape_taker *t)
{
	struct waiter *w = (struct waiter *)t;

	wake(w);
	w->of->run(w->of->context);
}

static void cut_off(struct scrape_taker *t)
{
	struct waiter *w = (struct waiter *)t;
	int fd = connection_fd(w->connection);

	w->of->losses->cut_off++;
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

static enum MHD_Result get_metrics(struct requests *r, struct MHD_Connection *c, void **state)
{
	struct waiter *w = waiter_new(r, c);
	struct scrape_answer answer;

	if (w)
		w->taker = (struct scrape_taker){ .ready = body_ready, .cut = cut_off };
	if (!w ||
	    scrape_take(r->scrape, clock_mono_ns(), connection_header(c, MHD_HTTP_HEADER_ACCEPT),
			connection_header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING), &w->taker)) {
		waiter_free(w);
		r->losses->refused++;
		return connection_problem(c, MHD_HTTP_SERVICE_UNAVAILABLE,
					  "no memory for the answer");
	}
	*state = w;
	if (scrape_answer(&w->taker, &answer))
		return connection_lend(c, &answer);
	sleep_on(w);
	return MHD_YES;
}

static enum MHD_Result get_health(struct requests *r, struct MHD_Connection *c, void **state)
{
	(void)r;
	(void)state;
	return connection_reply(c, MHD_HTTP_OK, "text/plain", strdup("ok\n"));
}

static enum MHD_Result get_ready(struct requests *r, struct MHD_Connection *c, void **state)
{
	const char *why = r->agent.not_ready(r->agent.context);

	(void)state;
	if (why)
		return connection_problem(c, MHD_HTTP_SERVICE_UNAVAILABLE, why);
	return connection_reply(c, MHD_HTTP_OK, "text/plain", strdup("ok\n"));
}

static const struct route {
	const char *path;
	enum MHD_Result (*get)(struct requests *r, struct MHD_Connection *c, void **state);
	bool with_metrics;
} routes[] = {
	{ "/healthz", get_health, true },    { "/readyz", get_ready, true },
	{ "/metrics", get_metrics, true },   { "/v1/snapshot", get_snapshot, false },
	{ "/v1/doctor", get_doctor, false }, { "/v1/history", get_history, false },
};

static enum MHD_Result back_from_sleep(struct requests *r, struct MHD_Connection *c,
				       const struct waiter *w)
{
	struct scrape_answer answer;

	if (w->gone)
		return MHD_NO;
	if (w->base)
		return connection_reply_json(c, r->agent.snapshot(r->agent.context, w->base));
	return w->taker.body && scrape_answer(&w->taker, &answer) ? connection_lend(c, &answer)
								  : MHD_NO;
}

enum MHD_Result requests_handle(struct requests *r, struct MHD_Connection *c, const char *path,
				const char *method, void **state)
{
	if (*state)
		return back_from_sleep(r, c, *state);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(path, routes[i].path) || (r->metrics_only && !routes[i].with_metrics))
			continue;
		if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
			return connection_problem(c, MHD_HTTP_METHOD_NOT_ALLOWED,
						  "this is only read: use GET");
		return routes[i].get(r, c, state);
	}
	return connection_problem(
		c, MHD_HTTP_NOT_FOUND,
		r->metrics_only
			? "there is /healthz, /readyz and /metrics"
			: "there is /healthz, /readyz, /metrics, /v1/snapshot, /v1/history and /v1/doctor");
}

void requests_end(void *state)
{
	waiter_free(state);
}

void requests_wake(struct requests *r)
{
	for (struct waiter *w = r->waiters; w; w = w->next)
		wake(w);
}
