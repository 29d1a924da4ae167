/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/config/option.h"
#include "agent/loop/loop.h"
#include "agent/probes/sample.h"

#define IDLE_SECONDS 10u         /* a client that says nothing for so long is cut off */
#define MEMORY       (8 * 1024u) /* a connection: request line, headers, no body */
#define WAITERS_MAX  16          /* ?for=: each holds a sample of some 25 KB */

struct http {
	struct MHD_Daemon *daemon;
	struct loop *loop;
	struct loop_source *ready, *timeout, *look_round;
	struct http_agent agent;
	struct guest *guests;
	struct waiter *waiters;
	unsigned int waiting;
};

/* A request for a window that has not ended yet; its connection sleeps until it has. */
struct waiter {
	struct waiter *next, **link;
	struct http *http;
	struct MHD_Connection *connection;
	struct sample *base;
	struct loop_source *timer;  /* NULL once the window has ended */
	struct loop_source *hangup; /* a connection that sleeps is not looked at by the library */
	bool gone;
};

/* One who is connected.  Whoever has said nothing whole for too long, or has nothing under way
 * when the agent stops, is shown out: else a slow guest keeps others, and the stop, waiting. */
struct guest {
	struct guest *next, **link;
	int fd;
	uint64_t since_ns; /* of the connection, or of the last answer */
	bool busy;         /* a request of his is under way */
};

static enum MHD_Result reply(struct MHD_Connection *c, unsigned int status, const char *type,
			     char *owned)
{
	struct MHD_Response *response;
	enum MHD_Result r;

	if (!owned)
		return MHD_NO; /* out of memory: cut off, rather than answer half */
	response = MHD_create_response_from_buffer(strlen(owned), owned, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(owned);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE || status == MHD_HTTP_TOO_MANY_REQUESTS)
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	r = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result reply_json(struct MHD_Connection *c, char *owned)
{
	return reply(c, MHD_HTTP_OK, "application/json", owned);
}

/* RFC 9457.  `detail` is ours, never the client's: nothing to escape. */
static enum MHD_Result problem(struct MHD_Connection *c, unsigned int status, const char *detail)
{
	char *text = NULL;

	if (asprintf(&text,
		     "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}",
		     MHD_get_reason_phrase_for(status), status, detail) < 0)
		text = NULL;
	return reply(c, status, "application/problem+json", text);
}

static struct waiter *waiter_free(struct waiter *w)
{
	if (w) {
		loop_drop(w->timer);
		loop_drop(w->hangup);
		sample_free(w->base);
		*w->link = w->next;
		if (w->next)
			w->next->link = w->link;
		w->http->waiting--;
	}
	free(w);
	return NULL;
}

static void run(struct http *h);

static void window_ended(void *context, uint32_t events)
{
	struct waiter *w = context;

	(void)events;
	w->timer = loop_drop(w->timer);
	w->hangup = loop_drop(w->hangup);
	MHD_resume_connection(w->connection);
	run(w->http);
}

static void hung_up(void *context, uint32_t events)
{
	struct waiter *w = context;

	w->gone = true;
	window_ended(w, events);
}

static int connection_fd(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static enum MHD_Result wait_for(struct http *h, struct MHD_Connection *c, uint64_t ns,
				struct waiter **ret)
{
	struct waiter *w;

	if (h->waiting == WAITERS_MAX)
		return problem(c, MHD_HTTP_TOO_MANY_REQUESTS,
			       "too many requests wait for a window");
	w = calloc(1, sizeof(*w));
	if (!w)
		return MHD_NO;
	*w = (struct waiter){ .http = h, .connection = c, .next = h->waiters, .link = &h->waiters };
	if (w->next)
		w->next->link = &w->next;
	h->waiters = w;
	h->waiting++;
	w->base = h->agent.base(h->agent.context);
	if (!w->base || loop_timer(h->loop, ns, window_ended, w, &w->timer) ||
	    loop_watch(h->loop, connection_fd(c), 0, hung_up, w, &w->hangup)) {
		waiter_free(w);
		return MHD_NO;
	}
	*ret = w;
	MHD_suspend_connection(c);
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

static enum MHD_Result get_snapshot(struct http *h, struct MHD_Connection *c, void **state)
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
		return problem(c, MHD_HTTP_BAD_REQUEST,
			       "the only argument is for, once, with a duration such as 5s");
	if (!text)
		return reply_json(c, h->agent.snapshot(h->agent.context, NULL));
	if (option_set(&row, &ns, text, why, sizeof(why)))
		return problem(c, MHD_HTTP_BAD_REQUEST,
			       "for: a duration between 1ms and 1m, such as 5s");
	return wait_for(h, c, ns, (struct waiter **)state);
}

static enum MHD_Result get_doctor(struct http *h, struct MHD_Connection *c, void **state)
{
	(void)state;
	return reply_json(c, h->agent.doctor(h->agent.context));
}

static enum MHD_Result get_metrics(struct http *h, struct MHD_Connection *c, void **state)
{
	const char *accept =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	const char *type = NULL;
	char *text = h->agent.metrics(h->agent.context, accept, &type);

	(void)state;
	return reply(c, MHD_HTTP_OK, type, text);
}

static enum MHD_Result get_health(struct http *h, struct MHD_Connection *c, void **state)
{
	(void)h;
	(void)state;
	return reply(c, MHD_HTTP_OK, "text/plain", strdup("ok\n"));
}

static enum MHD_Result get_ready(struct http *h, struct MHD_Connection *c, void **state)
{
	const char *why = h->agent.not_ready(h->agent.context);

	(void)state;
	if (why)
		return problem(c, MHD_HTTP_SERVICE_UNAVAILABLE, why);
	return reply(c, MHD_HTTP_OK, "text/plain", strdup("ok\n"));
}

static const struct route {
	const char *path;
	enum MHD_Result (*get)(struct http *h, struct MHD_Connection *c, void **state);
} routes[] = {
	{ "/healthz", get_health },       { "/readyz", get_ready },     { "/metrics", get_metrics },
	{ "/v1/snapshot", get_snapshot }, { "/v1/doctor", get_doctor },
};

static struct guest *guest_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void set_busy(struct MHD_Connection *c, bool busy)
{
	struct guest *g = guest_of(c);

	if (!g)
		return;
	g->busy = busy;
	g->since_ns = clock_mono_ns();
}

static void came_or_went(void *context, struct MHD_Connection *c, void **mine,
			 enum MHD_ConnectionNotificationCode what)
{
	struct http *h = context;
	struct guest *g = *mine;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return; /* without a record he is only bound by the library's time-out */
		*g = (struct guest){ .next = h->guests,
				     .link = &h->guests,
				     .fd = connection_fd(c),
				     .since_ns = clock_mono_ns() };
		if (g->next)
			g->next->link = &g->next;
		h->guests = g;
		*mine = g;
	} else if (g) {
		*g->link = g->next;
		if (g->next)
			g->next->link = g->link;
		free(g);
		*mine = NULL;
	}
}

/* The library notices the end of the stream and closes. */
static void show_out(struct http *h, uint64_t silent_since_ns)
{
	for (const struct guest *g = h->guests; g; g = g->next)
		if (!g->busy && g->since_ns <= silent_since_ns)
			shutdown(g->fd, SHUT_RDWR);
}

static void on_look_round(void *context, uint32_t events)
{
	(void)events;
	show_out(context, clock_mono_ns() - IDLE_SECONDS * NS_PER_SEC);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	struct http *h = context;

	(void)version;
	(void)upload;
	(void)upload_size;
	set_busy(c, true);
	if (*state) { /* back from sleep */
		struct waiter *w = *state;

		if (w->gone)
			return MHD_NO;
		return reply_json(c, h->agent.snapshot(h->agent.context, w->base));
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(path, routes[i].path))
			continue;
		if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
			return problem(c, MHD_HTTP_METHOD_NOT_ALLOWED,
				       "this is only read: use GET");
		return routes[i].get(h, c, state);
	}
	return problem(c, MHD_HTTP_NOT_FOUND,
		       "there is /healthz, /readyz, /metrics, /v1/snapshot and /v1/doctor");
}

static void completed(void *context, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode why)
{
	(void)context;
	(void)why;
	set_busy(c, false);
	*state = waiter_free(*state);
}

static void complain(void *context, const char *format, va_list args)
{
	char text[256];

	(void)context;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http", "%s", text); /* a client's doing, mostly: no reason to wake anybody */
}

static void run(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG ms;
	unsigned int before;

	do { /* a full door opens again only in the run after the one that saw a guest leave */
		before = http_connections(h);
		MHD_run(h->daemon);
	} while (http_connections(h) < before);
	if (MHD_get_timeout(h->daemon, &ms) == MHD_YES) /* 0 would disarm the timer */
		loop_timer_set(h->timeout, (ms ? ms : 1) * NS_PER_MSEC, 0);
	else
		loop_timer_set(h->timeout, 0, 0);
}

static void on_ready(void *context, uint32_t events)
{
	(void)events;
	run(context);
}

int http_new(struct http **ret, struct loop *loop, int listener, unsigned int connections,
	     const struct http_agent *agent)
{
	struct http *h = calloc(1, sizeof(*h));
	const union MHD_DaemonInfo *info;
	int r;

	if (!h)
		return -ENOMEM;
	h->loop = loop;
	h->agent = *agent;
	h->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle,
		h, MHD_OPTION_EXTERNAL_LOGGER, complain, NULL, MHD_OPTION_LISTEN_SOCKET, listener,
		MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
		IDLE_SECONDS, MHD_OPTION_NOTIFY_CONNECTION, came_or_went, h,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
		completed, NULL, MHD_OPTION_END);
	info = h->daemon ? MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		if (h->daemon) {
			MHD_quiesce_daemon(h->daemon); /* the listener is not ours to close */
			MHD_stop_daemon(h->daemon);
		}
		free(h);
		return -EIO;
	}
	r = loop_timer(loop, 0, on_ready, h, &h->timeout);
	if (!r)
		r = loop_timer(loop, NS_PER_SEC, on_look_round, h, &h->look_round);
	if (!r)
		r = loop_watch(loop, info->epoll_fd, EPOLLIN, on_ready, h, &h->ready);
	if (r) {
		http_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void http_drain(struct http *h)
{
	int listener = MHD_quiesce_daemon(h->daemon); /* it stays the launcher's to close */

	if (listener >= 0)
		shutdown(listener, SHUT_RD); /* who knocks now is refused, and does not wait */
	show_out(h, clock_mono_ns());
}

unsigned int http_connections(const struct http *h)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

struct http *http_free(struct http *h)
{
	if (!h)
		return NULL;
	for (struct waiter *w = h->waiters; w; w = w->next)
		if (w->timer) /* the library wants none asleep when it stops */
			MHD_resume_connection(w->connection);
	loop_drop(h->ready);
	loop_drop(h->timeout);
	loop_drop(h->look_round);
	http_drain(h); /* else the library would close the listener with itself */
	MHD_stop_daemon(h->daemon);
	free(h);
	return NULL;
}
