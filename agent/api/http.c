/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon and its loop, who is let in, and who is shown out; what is asked is in requests.c. */
#include "agent/api/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent/api/connection.h"
#include "agent/api/guests.h"
#include "agent/api/requests.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/loop/loop.h"

#define IDLE_SECONDS 10u                /* a client that says nothing for so long is cut off */
#define SEND_SECONDS 30u                /* or whose body is not here by then */
#define TAKE_SECONDS 30u                /* so is one who does not take his answer */
#define GRACE_NS     (50 * NS_PER_MSEC) /* who has just come may have his request on its way */
#define PIECE_BYTES  (256 << 10)        /* twice that fits, or less by net.core.wmem_max */
#define MEMORY       (8 * 1024u)        /* a connection: request line, headers, no body */

struct http {
	struct MHD_Daemon *daemon;
	struct loop *loop;
	struct loop_source *ready, *timeout, *look_round;
	struct loop_source *woken; /* somebody is to be gone on with */
	struct loop_source *knock; /* while the door is full: somebody is outside of it */
	struct loop_source *grace; /* when the one who is to make room for him has had his time */
	struct http_terms terms;
	struct http_losses losses;
	struct guest *guests;
	struct requests requests;
	bool draining;
};

/* For each piece of an answer two CPUs wake each other: few pieces.  Of TCP the kernel sees to it. */
static void widen(int fd)
{
	int bytes = PIECE_BYTES;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void came_or_went(void *context, struct MHD_Connection *c, void **mine,
			 enum MHD_ConnectionNotificationCode what)
{
	struct http *h = context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		if (!h->terms.metrics_only)
			widen(connection_fd(c));
		/* Without a record he is only bound by the library's time-out. */
		*mine = guest_new(&h->guests, connection_fd(c), clock_mono_ns());
	} else {
		*mine = guest_free(*mine);
	}
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
	h->losses.cut_off += guests_show_out_sending(h->guests, now, SEND_SECONDS * NS_PER_SEC);
	h->losses.cut_off += guests_show_out_taking(h->guests, now, TAKE_SECONDS * NS_PER_SEC);
}

static void *begins(void *context, const char *uri, struct MHD_Connection *c)
{
	(void)context;
	(void)uri;
	connection_guest_is(c, GUEST_ASKING);
	return NULL; /* what handle() finds as the state */
}

static enum MHD_Result handle(void *context, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	struct http *h = context;

	(void)version;
	if (!*state)
		connection_guest_is(c, GUEST_SERVED);
	return requests_handle(&h->requests, c, path, method, upload, upload_size, state);
}

static void completed(void *context, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode why)
{
	struct http *h = context;

	h->losses.cut_off += why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED;
	connection_guest_is(c, GUEST_SILENT);
	requests_end(*state);
	*state = NULL;
}

static void complain(void *context, const char *format, va_list args)
{
	char text[256];

	(void)context;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http", "%s", text); /* a client's doing, mostly: no reason to wake anybody */
}

static void run(void *context)
{
	struct http *h = context;
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

/* Who wakes somebody is in the middle of something else, and would be asked again from within. */
static void run_later(void *context)
{
	struct http *h = context;

	loop_timer_set(h->woken, 1, 0);
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
	h->terms = *terms;
	h->requests = (struct requests){
		.scrape = terms->scrape,
		.losses = &h->losses,
		.agent = *agent,
		.metrics_only = terms->metrics_only,
		.sleepers = { .loop = loop, .run = run, .run_later = run_later, .context = h },
		.jobs = { .body_bytes = terms->body_bytes,
			  .sleepers = &h->requests.sleepers,
			  .losses = &h->losses }
	};
	if (terms->jobs)
		h->requests.jobs.agent = *terms->jobs;
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
		r = loop_timer(loop, 0, on_ready, h, &h->woken);
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
	requests_wake(&h->requests);
	loop_drop(h->ready);
	loop_drop(h->timeout);
	loop_drop(h->woken);
	loop_drop(h->look_round);
	loop_drop(h->grace);
	http_drain(h); /* else the library would close the listener with itself */
	MHD_stop_daemon(h->daemon);
	free(h);
	return NULL;
}
