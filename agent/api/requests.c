/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/requests.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/api/connection.h"
#include "agent/api/scrape.h"
#include "agent/base/clock.h"
#include "agent/config/option.h"
#include "agent/probes/sample.h"

#define HISTORY_MAX_NS (600 * NS_PER_SEC)
#define WINDOWS_MAX    16 /* ?for=: each holds a sample of some 25 KB */

/* A request that waits for a window to end, or for a body, or whose answer is lent to us. */
struct waiter {
	struct scrape_taker taker; /* of a body; first */
	struct sleeper sleeper;
	struct requests *of;
	struct sample *base; /* of a window */
};

static struct waiter *waiter_of(struct sleeper *s)
{
	return (struct waiter *)((char *)s - offsetof(struct waiter, sleeper));
}

static void waiter_free(struct waiter *w)
{
	if (!w)
		return;
	w->of->windows -= w->base != NULL;
	sample_free(w->base);
	scrape_leave(&w->taker);
	sleeper_done(&w->sleeper);
	free(w);
}

static void waiter_end(struct sleeper *s)
{
	waiter_free(waiter_of(s));
}

static enum MHD_Result back_from_sleep(struct sleeper *s, const char *upload, size_t *upload_size)
{
	struct waiter *w = waiter_of(s);
	struct requests *r = w->of;
	struct scrape_answer answer;

	(void)upload;
	(void)upload_size;
	if (s->gone)
		return MHD_NO;
	if (w->base)
		return connection_reply_json(s->connection,
					     r->agent.snapshot(r->agent.context, w->base));
	return w->taker.body && scrape_answer(&w->taker, &answer)
		       ? connection_lend(s->connection, &answer)
		       : MHD_NO;
}

static struct waiter *waiter_new(struct requests *r, struct MHD_Connection *c)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct waiter){ .of = r, .sleeper = { .again = back_from_sleep, .end = waiter_end } };
	sleeper_init(&w->sleeper, &r->sleepers, c);
	return w;
}

static enum MHD_Result wait_for(struct requests *r, struct MHD_Connection *c, uint64_t ns,
				void **state)
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
	if (!w->base || sleeper_sleep(&w->sleeper, ns)) {
		waiter_free(w);
		return MHD_NO;
	}
	*state = &w->sleeper;
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
	return wait_for(r, c, ns, state);
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
	sleeper_run(&((struct waiter *)t)->sleeper);
}

static void cut_off(struct scrape_taker *t)
{
	struct waiter *w = (struct waiter *)t;
	int fd = connection_fd(w->sleeper.connection);

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
	*state = &w->sleeper;
	if (scrape_answer(&w->taker, &answer))
		return connection_lend(c, &answer);
	return sleeper_sleep(&w->sleeper, 0) ? MHD_NO : MHD_YES;
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

enum MHD_Result requests_handle(struct requests *r, struct MHD_Connection *c, const char *path,
				const char *method, const char *upload, size_t *upload_size,
				void **state)
{
	struct sleeper *s = *state;

	if (s)
		return s->again(s, upload, upload_size);
	if (r->jobs.agent.submit && !r->metrics_only && jobs_door_has(path))
		return jobs_door_begin(&r->jobs, c, path, method, state);
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
			: "there is /healthz, /readyz, /metrics, /v1/snapshot, /v1/history, /v1/doctor, "
			  "/v1/jobs and /v1/pools");
}

void requests_end(void *state)
{
	struct sleeper *s = state;

	if (s)
		s->end(s);
}

void requests_wake(struct requests *r)
{
	sleepers_wake(&r->sleepers);
}
