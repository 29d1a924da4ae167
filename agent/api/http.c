/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent/api/guests.h"
#include "agent/api/scrape.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/config/option.h"
#include "agent/loop/loop.h"
#include "agent/probes/sample.h"
#include "agent/snapshot/history.h"
#include "exporters/json/json.h"

#define IDLE_SECONDS   10u                /* a client that says nothing for so long is cut off */
#define TAKE_SECONDS   30u                /* so is one who does not take his answer */
#define GRACE_NS       (50 * NS_PER_MSEC) /* who has just come may have his request on its way */
#define MEMORY         (8 * 1024u)        /* a connection: request line, headers, no body */
#define HISTORY_MAX_NS (600 * NS_PER_SEC)
#define HISTORY_PART   (32 * 1024u) /* of the answer, made at once */
#define WINDOWS_MAX    16           /* ?for=: each holds a sample of some 25 KB */

struct http {
	struct MHD_Daemon *daemon;
	struct loop *loop;
	struct loop_source *ready, *timeout, *look_round;
	struct loop_source *knock; /* while the door is full: somebody is outside of it */
	struct loop_source *grace; /* when the one who is to make room for him has had his time */
	struct http_agent agent;
	struct http_terms terms;
	struct http_losses losses;
	struct guest *guests;
	struct waiter *waiters;
	unsigned int windows; /* waited for */
	bool draining;
};

/*
 * A request that is not answered at once, or whose answer is lent to us.  While it waits for a
 * window to end, or for a body to be compressed, its connection sleeps.
 */
struct waiter {
	struct scrape_taker taker; /* of a body; first */
	struct waiter *next, **link;
	struct http *http;
	struct MHD_Connection *connection;
	struct sample *base;        /* of a window */
	struct loop_source *timer;  /* NULL once the window has ended */
	struct loop_source *hangup; /* a connection that sleeps is not looked at by the library */
	bool asleep, gone;
};

static struct guest *guest_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void guest_of_is(struct MHD_Connection *c, enum guest_state state)
{
	guest_becomes(guest_of(c), state, clock_mono_ns());
}

/* Queues and lets go. */
static enum MHD_Result send_off(struct MHD_Connection *c, unsigned int status, const char *type,
				struct MHD_Response *response)
{
	enum MHD_Result r;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	guest_of_is(c, GUEST_TAKING);
	r = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result reply(struct MHD_Connection *c, unsigned int status, const char *type,
			     char *owned)
{
	struct MHD_Response *response;

	if (!owned)
		return MHD_NO; /* out of memory: cut off, rather than answer half */
	response = MHD_create_response_from_buffer(strlen(owned), owned, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(owned);
		return MHD_NO;
	}
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE || status == MHD_HTTP_TOO_MANY_REQUESTS)
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	return send_off(c, status, type, response);
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

static struct waiter *waiter_new(struct http *h, struct MHD_Connection *c)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct waiter){ .http = h, .connection = c, .next = h->waiters, .link = &h->waiters };
	if (w->next)
		w->next->link = &w->next;
	h->waiters = w;
	return w;
}

static struct waiter *waiter_free(struct waiter *w)
{
	if (w) {
		loop_drop(w->timer);
		loop_drop(w->hangup);
		w->http->windows -= w->base != NULL;
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

static void run(struct http *h);

static void window_ended(void *context, uint32_t events)
{
	struct waiter *w = context;

	(void)events;
	wake(w);
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

	if (h->windows == WINDOWS_MAX) {
		h->losses.refused++;
		return problem(c, MHD_HTTP_TOO_MANY_REQUESTS,
			       "too many requests wait for a window");
	}
	w = waiter_new(h, c);
	if (!w)
		return MHD_NO;
	w->base = h->agent.base(h->agent.context);
	h->windows += w->base != NULL;
	if (!w->base || loop_timer(h->loop, ns, window_ended, w, &w->timer) ||
	    loop_watch(h->loop, connection_fd(c), 0, hung_up, w, &w->hangup)) {
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

static ssize_t write_history(void *context, uint64_t position, char *buffer, size_t size)
{
	ssize_t n = json_history_read(context, buffer, size);

	(void)position;
	return n > 0 ? n : n ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_history(void *context)
{
	json_history_free(context);
}

/* Made as it is taken, so that its length keeps nobody else waiting. */
static enum MHD_Result stream(struct MHD_Connection *c, struct history_snapshot *owned)
{
	struct json_history *text = NULL;
	struct MHD_Response *response;

	if (json_history_new(&text, owned)) {
		history_snapshot_free(owned);
		return MHD_NO;
	}
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HISTORY_PART, write_history,
						     text, end_history);
	if (!response) {
		json_history_free(text);
		return MHD_NO;
	}
	return send_off(c, MHD_HTTP_OK, "application/json", response);
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

static enum MHD_Result get_history(struct http *h, struct MHD_Connection *c, void **state)
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
	int r;

	(void)state;
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, look_at_query, &q);
	if (q.wrong)
		return problem(c, MHD_HTTP_BAD_REQUEST,
			       "the arguments are series and for, each once and with a value");
	if (q.length && option_set(&row, &length_ns, q.length, why, sizeof(why)))
		return problem(c, MHD_HTTP_BAD_REQUEST,
			       "for: a duration between 1s and 10m, such as 2m");
	r = h->agent.history(h->agent.context, q.series ? q.series : "", length_ns, &s);
	if (r == -EINVAL)
		return problem(c, MHD_HTTP_BAD_REQUEST,
			       "series: no series has a name that begins so");
	return r ? MHD_NO : stream(c, s);
}

static enum MHD_Result get_doctor(struct http *h, struct MHD_Connection *c, void **state)
{
	(void)state;
	return reply_json(c, h->agent.doctor(h->agent.context));
}

static void body_ready(struct scrape_taker *t)
{
	struct waiter *w = (struct waiter *)t;

	wake(w);
	run(w->http);
}

static void cut_off(struct scrape_taker *t)
{
	struct waiter *w = (struct waiter *)t;
	int fd = connection_fd(w->connection);

	w->http->losses.cut_off++;
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

/* The body is lent until the request is completed, so that many can be sent the same. */
static enum MHD_Result lend(struct MHD_Connection *c, const struct scrape_answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer->size, (void *)answer->data, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
	if (answer->gzip)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return send_off(c, MHD_HTTP_OK, answer->type, response);
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result get_metrics(struct http *h, struct MHD_Connection *c, void **state)
{
	struct waiter *w = waiter_new(h, c);
	struct scrape_answer answer;

	if (w)
		w->taker = (struct scrape_taker){ .ready = body_ready, .cut = cut_off };
	if (!w || scrape_take(h->terms.scrape, clock_mono_ns(), header(c, MHD_HTTP_HEADER_ACCEPT),
			      header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING), &w->taker)) {
		waiter_free(w);
		h->losses.refused++;
		return problem(c, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for the answer");
	}
	*state = w;
	if (scrape_answer(&w->taker, &answer))
		return lend(c, &answer);
	sleep_on(w);
	return MHD_YES;
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
	bool with_metrics;
} routes[] = {
	{ "/healthz", get_health, true },    { "/readyz", get_ready, true },
	{ "/metrics", get_metrics, true },   { "/v1/snapshot", get_snapshot, false },
	{ "/v1/doctor", get_doctor, false }, { "/v1/history", get_history, false },
};

static void came_or_went(void *context, struct MHD_Connection *c, void **mine,
			 enum MHD_ConnectionNotificationCode what)
{
	struct http *h = context;

	/* Without a record he is only bound by the library's time-out. */
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*mine = guest_new(&h->guests, connection_fd(c), clock_mono_ns());
	else
		*mine = guest_free(*mine);
}

/* --- a full door: whoever is silent makes room for who waits outside --- */

static bool somebody_waits(const struct http *h)
{
	struct pollfd outside = { .fd = h->terms.listener, .events = POLLIN };

	return poll(&outside, 1, 0) > 0;
}

static void make_room(struct http *h)
{
	struct guest *g = h->knock && somebody_waits(h) ? guests_longest_silent(h->guests) : NULL;
	uint64_t silent_ns = g ? clock_mono_ns() - g->since_ns : 0;

	if (g && silent_ns >= GRACE_NS) {
		guest_show_out(g);
		h->losses.cut_off++;
	} else if (g) {
		loop_timer_set(h->grace, GRACE_NS - silent_ns, 0);
	}
}

static void on_room(void *context, uint32_t events)
{
	(void)events;
	make_room(context);
}

static bool is_full(const struct http *h)
{
	return !h->draining && http_connections(h) >= h->terms.connections;
}

/* The library does not look outside while the door is full. */
static void watch_door(struct http *h)
{
	if (!is_full(h))
		h->knock = loop_drop(h->knock);
	else if (!h->knock &&
		 loop_watch(h->loop, h->terms.listener, EPOLLIN | EPOLLET, on_room, h, &h->knock))
		log_debug("http", "a full door is not watched: who is silent stays his time");
	make_room(h);
}

static void on_look_round(void *context, uint32_t events)
{
	uint64_t now = clock_mono_ns();
	struct http *h = context;

	(void)events;
	h->losses.cut_off += guests_show_out_asking(h->guests, now, IDLE_SECONDS * NS_PER_SEC);
	h->losses.cut_off += guests_show_out_taking(h->guests, now, TAKE_SECONDS * NS_PER_SEC);
}

static enum MHD_Result back_from_sleep(struct http *h, struct MHD_Connection *c,
				       const struct waiter *w)
{
	struct scrape_answer answer;

	if (w->gone)
		return MHD_NO;
	if (w->base)
		return reply_json(c, h->agent.snapshot(h->agent.context, w->base));
	return w->taker.body && scrape_answer(&w->taker, &answer) ? lend(c, &answer) : MHD_NO;
}

static void *begins(void *context, const char *uri, struct MHD_Connection *c)
{
	(void)context;
	(void)uri;
	guest_of_is(c, GUEST_ASKING);
	return NULL; /* what handle() finds as the state */
}

static enum MHD_Result handle(void *context, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	struct http *h = context;

	(void)version;
	(void)upload;
	(void)upload_size;
	guest_of_is(c, GUEST_SERVED);
	if (*state)
		return back_from_sleep(h, c, *state);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(path, routes[i].path) ||
		    (h->terms.metrics_only && !routes[i].with_metrics))
			continue;
		if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
			return problem(c, MHD_HTTP_METHOD_NOT_ALLOWED,
				       "this is only read: use GET");
		return routes[i].get(h, c, state);
	}
	return problem(
		c, MHD_HTTP_NOT_FOUND,
		h->terms.metrics_only
			? "there is /healthz, /readyz and /metrics"
			: "there is /healthz, /readyz, /metrics, /v1/snapshot, /v1/history and /v1/doctor");
}

static void completed(void *context, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode why)
{
	struct http *h = context;

	h->losses.cut_off += why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED;
	guest_of_is(c, GUEST_SILENT);
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
	watch_door(h);
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

int http_new(struct http **ret, struct loop *loop, const struct http_terms *terms,
	     const struct http_agent *agent)
{
	struct http *h = calloc(1, sizeof(*h));
	const union MHD_DaemonInfo *info;
	int r;

	if (!h)
		return -ENOMEM;
	h->loop = loop;
	h->agent = *agent;
	h->terms = *terms;
	h->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle,
		h, MHD_OPTION_EXTERNAL_LOGGER, complain, NULL, MHD_OPTION_LISTEN_SOCKET,
		terms->listener, MHD_OPTION_CONNECTION_LIMIT, terms->connections,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_NOTIFY_CONNECTION,
		came_or_went, h, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
		MHD_OPTION_NOTIFY_COMPLETED, completed, h, MHD_OPTION_URI_LOG_CALLBACK, begins, h,
		MHD_OPTION_END);
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
		r = loop_timer(loop, 0, on_room, h, &h->grace);
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

	h->draining = true;
	h->knock = loop_drop(h->knock);
	if (listener >= 0)
		shutdown(listener, SHUT_RD); /* who knocks now is refused, and does not wait */
	guests_show_out_asking(h->guests, clock_mono_ns(), 0);
}

unsigned int http_connections(const struct http *h)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

void http_lost(const struct http *h, struct http_losses *to)
{
	to->refused += h->losses.refused;
	to->cut_off += h->losses.cut_off;
}

struct http *http_free(struct http *h)
{
	if (!h)
		return NULL;
	for (struct waiter *w = h->waiters; w; w = w->next)
		wake(w); /* the library wants none asleep when it stops */
	loop_drop(h->ready);
	loop_drop(h->timeout);
	loop_drop(h->look_round);
	loop_drop(h->grace);
	http_drain(h); /* else the library would close the listener with itself */
	MHD_stop_daemon(h->daemon);
	free(h);
	return NULL;
}
