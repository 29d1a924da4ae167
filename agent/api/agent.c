/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/agent.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/api/http.h"
#include "agent/api/kept.h"
#include "agent/api/launch.h"
#include "agent/api/listener.h"
#include "agent/api/node.h"
#include "agent/api/push.h"
#include "agent/api/scrape.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/notify.h"
#include "agent/base/version.h"
#include "agent/config/address.h"
#include "agent/loop/loop.h"
#include "agent/loop/worker.h"
#include "agent/probes/machine.h"
#include "agent/probes/sample.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/snapshot.h"
#include "agent/warden/places.h"
#include "agent/warden/warden.h"
#include "exporters/json/json.h"
#include "exporters/otlp/headers.h"
#include "exporters/prometheus/prometheus.h"

#define METRICS_CONNECTIONS 32 /* of metrics_listen: a few servers, each with its spare one */
#define KEPT_BYTES          (4 << 20) /* of memory that is free */
#define GIVE_BACK_NS        (10 * NS_PER_SEC)
#define WORKER_ROOM         4 /* bodies that wait to be compressed; more go as they are */

enum { CONFIG_WHY = 1024 }; /* one line: what is wrong, and how to mend it */

struct agent {
	const struct agent_start *start;
	struct config config;
	struct launch *launch; /* warden, socket, folders */
	struct kept *kept;
	struct loop *loop;
	struct node *node;
	struct worker *worker;
	struct scrape *scrape;
	struct push *push;
	struct http *http, *metrics; /* the socket; the port of metrics_listen, NULL without */
	int metrics_listener;
	char *push_headers; /* read at the start, for push_configure() */
	struct notify notify;
	struct loop_source *beat;
	uint64_t started_ns, ticks, beat_ns, lag_max_ns;
	unsigned int terms;
};

/* --- what the door asks --- */

/* Behind what the node has lost. */
static void add_own_losses(struct agent *a, struct losses *to)
{
	struct http_losses guests = { 0 };

	if (a->http)
		http_lost(a->http, &guests);
	if (a->metrics)
		http_lost(a->metrics, &guests);
	losses_add(to, "http_refused", guests.refused);
	losses_add(to, "http_cut_off", guests.cut_off);
	losses_add(to, "gzip", scrape_uncompressed(a->scrape));
	losses_add(to, "beats", loop_missed(a->loop));
	losses_add(to, "state", kept_lost(a->kept));
	push_add_losses(a->push, to);
}

static unsigned int connections(const struct agent *a)
{
	return (a->http ? http_connections(a->http) : 0) +
	       (a->metrics ? http_connections(a->metrics) : 0);
}

static void fill_own(struct agent *a, struct snapshot *s)
{
	uint64_t lag = loop_lag_max_ns(a->loop);

	if (lag > a->lag_max_ns)
		a->lag_max_ns = lag;
	add_own_losses(a, &s->lost);
	s->agent = (struct agent_snapshot){
		.present = true,
		.uptime_ns = clock_mono_ns() - a->started_ns,
		.loop_lag_max_ns = a->lag_max_ns,
		.ticks = a->ticks,
		.rss_bytes = machine_rss_bytes("", getpid()),
		.warden_rss_bytes = machine_rss_bytes("", launch_warden(a->launch)->pid),
		.connections = connections(a),
	};
	push_fill(a->push, &s->agent.push);
}

static char *snapshot_text(void *context, const struct sample *since)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct agent *a = context;
	int r = since ? node_snapshot_since(a->node, clock_mono_ns(), since, &s)
		      : node_snapshot(a->node, &s);

	if (r) {
		log_error("agent", "no snapshot error=%s", strerror(-r));
		return NULL;
	}
	fill_own(a, s);
	return json_snapshot(s);
}

static int take_history(void *context, const char *prefix, uint64_t length_ns,
			struct history_snapshot **ret)
{
	const struct agent *a = context;

	return node_history(a->node, prefix, length_ns, ret);
}

static struct sample *take_base(void *context)
{
	struct agent *a = context;
	struct sample *s = NULL;

	node_base(a->node, clock_mono_ns(), &s);
	return s;
}

static char *doctor_text(void *context)
{
	CLEANUP(freep) struct findings *f = malloc(sizeof(*f));
	struct agent *a = context;

	if (!f)
		return NULL;
	node_findings(a->node, f);
	push_add_finding(a->push, f);
	kept_add_finding(a->kept, f);
	add_own_losses(a, &f->lost);
	return json_findings(f, node_kernel(a->node));
}

static int scrape_snapshot(void *context, struct snapshot **ret)
{
	struct agent *a = context;
	int r = node_scrape(a->node, clock_mono_ns(), ret);

	if (r)
		log_error("agent", "no metrics error=%s", strerror(-r));
	else
		fill_own(a, *ret);
	return r;
}

static int write_metrics(void *context, enum prometheus_format format, struct out *ret)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	int r = scrape_snapshot(context, &s);

	return r ? r : prometheus_write(s, format, ret);
}

static const char *not_ready(void *context)
{
	struct agent *a = context;

	if (a->terms)
		return "draining";
	return a->ticks < 2 ? "the first window has not ended yet" : NULL;
}

/* --- the doors --- */

static int open_door(struct agent *a, int listener, bool metrics_only, struct http **ret)
{
	const struct http_agent agent = { .context = a,
					  .snapshot = snapshot_text,
					  .base = take_base,
					  .history = take_history,
					  .doctor = doctor_text,
					  .not_ready = not_ready };
	const struct http_terms terms = { .listener = listener,
					  .connections =
						  metrics_only
							  ? METRICS_CONNECTIONS
							  : (unsigned int)a->config.max_connections,
					  .metrics_only = metrics_only,
					  .scrape = a->scrape };

	return http_new(ret, a->loop, &terms, &agent);
}

static void close_metrics(struct agent *a)
{
	a->metrics = http_free(a->metrics);
	closep(&a->metrics_listener);
	a->metrics_listener = -1;
}

static int open_metrics(struct agent *a, const char *address, char why[CONFIG_WHY])
{
	CLEANUP(closep) int listener = -1;
	struct http *door = NULL;
	int r;

	if (!address_is_off(address)) {
		listener = listener_open(address, why, CONFIG_WHY);
		r = listener < 0 ? listener : open_door(a, listener, true, &door);
		if (r)
			return r;
	}
	close_metrics(a);
	a->metrics = door;
	a->metrics_listener = TAKE_FD(listener);
	return 0;
}

/* The new port is open before the old one closes, but where one address is a part of the other. */
static int move_metrics(struct agent *a, const char *address, char why[CONFIG_WHY])
{
	char unused[CONFIG_WHY];
	int r;

	if (a->terms || !strcmp(address, a->config.metrics_listen))
		return 0;
	snprintf(why, CONFIG_WHY, "metrics_listen: no memory for another door");
	r = open_metrics(a, address, why);
	if (r != -EADDRINUSE || !a->metrics)
		return r;
	close_metrics(a);
	r = open_metrics(a, address, why);
	if (r && open_metrics(a, a->config.metrics_listen, unused))
		log_error("agent", "%s", unused);
	return r;
}

/* --- the beat --- */

static void on_beat(void *context, uint32_t events)
{
	struct agent *a = context;
	int r = node_tick(a->node, clock_mono_ns());

	(void)events;
	a->beat_ns = clock_mono_ns();
	if (r)
		log_error("agent", "a sample failed error=%s", strerror(-r));
	else
		a->ticks++;
}

/* What was free since the last time, or lies between what is not: a burst is over by then. */
static void on_give_back(void *context, uint32_t events)
{
	(void)context, (void)events;
	malloc_trim(0);
}

/* A sign of life only while the beat goes on: a loop that spins is dead too. */
static void on_watchdog(void *context, uint32_t events)
{
	struct agent *a = context;
	uint64_t still_ns = clock_mono_ns() - a->beat_ns;

	(void)events;
	if (still_ns > a->config.interval_ns + a->notify.watchdog_ns / 2 && !a->terms) {
		log_warn("agent", "no beat for too long: not feeding the watchdog");
		return;
	}
	notify_send(&a->notify, "WATCHDOG=1");
}

/* --- signals --- */

/* The file under the flags; what is wrong is one line in `why`. */
static int build_config(struct agent *a, struct config *ret, char why[CONFIG_WHY])
{
	const char *path = a->start->config_path;
	struct config_error e = { 0 };
	CLEANUP(closep) int fd = -1;
	int r = 0;

	config_renew(ret, &a->start->config);
	if (path)
		fd = launch_open_config(a->launch);
	if (fd >= 0) {
		r = config_read(fd, ret, &e);
	} else if (path && (fd != -ENOENT || a->start->config_required)) {
		r = fd;
		e = (struct config_error){ .line = 1, .column = 1 };
		snprintf(e.text, sizeof(e.text),
			 "cannot be read: %s: check the path and its rights", strerror(-fd));
	}
	if (!r)
		r = config_validate(ret, &e);
	if (r)
		config_error_format(&e, path, why, CONFIG_WHY);
	return r;
}

static void log_changes(const struct config *from, const struct config *to)
{
	const struct option_row *changed[CONFIG_OPTIONS];
	size_t count = config_diff(from, to, changed, CONFIG_OPTIONS);

	for (size_t i = 0; i < count; i++) {
		char was[OPTION_TEXT_MAX], is[OPTION_TEXT_MAX];
		bool live = changed[i]->where & OPTION_LIVE;

		option_format(changed[i], from, was, sizeof(was));
		option_format(changed[i], to, is, sizeof(is));
		log_info("config", "%s option=%s from=%s to=%s",
			 live ? "changed" : "needs a restart to change", changed[i]->name, was, is);
	}
	log_info("config", "reloaded changed=%zu", count);
}

static void apply_config(struct agent *a)
{
	const struct config *c = &a->config;

	log_setup((enum log_level)c->log_level, (enum log_format)c->log_format,
		  (uint32_t)c->log_rate);
	if (a->node)
		node_configure(a->node, c);
	if (a->beat)
		loop_timer_set(a->beat, c->interval_ns, c->interval_ns);
}

/* Also when nothing of it changed: the files that it names may have. */
static void apply_push(struct agent *a, char *headers)
{
	int r = push_configure(a->push, &a->config, headers);

	if (r)
		log_error("otlp", "nothing is pushed error=%s", strerror(-r));
}

static void on_hup(void *context, uint32_t signal)
{
	struct agent *a = context;
	struct config next;
	char why[CONFIG_WHY], *headers = NULL;

	(void)signal;
	notify_send(&a->notify, "RELOADING=1\nMONOTONIC_USEC=%llu",
		    (unsigned long long)(clock_mono_ns() / 1000));
	if (build_config(a, &next, why) || push_check(&next, &headers, why, sizeof(why)) ||
	    move_metrics(a, next.metrics_listen, why)) {
		log_error("config", "not reloaded, the one before stays in force: %s", why);
		headers_free(headers);
	} else {
		log_changes(&a->config, &next);
		config_take_live(&a->config, &next);
		apply_config(a);
		apply_push(a, headers);
	}
	notify_send(&a->notify, "READY=1");
}

static void on_drain_beat(void *context, uint32_t events)
{
	struct agent *a = context;

	(void)events;
	if (!connections(a) && push_idle(a->push))
		loop_stop(a->loop, 0);
}

static void on_drain_end(void *context, uint32_t events)
{
	struct agent *a = context;

	(void)events;
	log_warn("agent", "drain_timeout is over: cutting off connections=%u", connections(a));
	loop_stop(a->loop, 0);
}

#define DRAIN_LOOK_NS (20 * NS_PER_MSEC)

static void on_term(void *context, uint32_t signal)
{
	struct agent *a = context;

	(void)signal;
	if (a->terms++) {
		log_warn("agent", "told twice: stopping now");
		loop_stop(a->loop, 0);
		return;
	}
	log_info("agent", "draining connections=%u", connections(a));
	notify_send(&a->notify, "STOPPING=1");
	http_drain(a->http);
	if (a->metrics)
		http_drain(a->metrics);
	push_finish(a->push);
	if ((!connections(a) && push_idle(a->push)) || !a->config.drain_ns ||
	    loop_timer(a->loop, DRAIN_LOOK_NS, on_drain_beat, a, NULL) ||
	    loop_timer(a->loop, a->config.drain_ns, on_drain_end, a, NULL))
		loop_stop(a->loop, 0);
}

/* What a bug report wants, in the state folder: one JSON object a line. */
static void on_usr1(void *context, uint32_t signal)
{
	struct agent *a = context;
	CLEANUP(freep) char *snapshot = snapshot_text(a, NULL);
	CLEANUP(freep) char *doctor = doctor_text(a);
	const char *const lines[] = { snapshot, doctor, NULL };
	char why[STORE_WHY];

	(void)signal;
	if (!snapshot || !doctor)
		log_error("agent", "no dump: out of memory");
	else if (kept_dump(a->kept, "dump.jsonl", lines, why))
		log_error("agent", "no dump: %s", why);
	else
		log_info("agent", "state dumped file=%s/dump.jsonl", a->config.state_dir);
}

static void on_run_for(void *context, uint32_t events)
{
	struct agent *a = context;

	(void)events;
	if (!a->terms) /* a timer beats again, but this is said once: what is under way finishes */
		on_term(a, SIGTERM);
}

static void on_warden_gone(void *context, uint32_t events)
{
	struct agent *a = context;

	(void)events;
	log_error("agent", "the warden is gone: stopping, so that a new start puts all in order");
	loop_stop(a->loop, 1);
}

/* --- start and end --- */

static int set_up(struct agent *a)
{
	const struct scrape_agent scraped = { .context = a, .write = write_metrics };
	const struct push_agent pushed = { .context = a, .snapshot = scrape_snapshot };
	int r = loop_new(&a->loop);

	if (!r)
		r = loop_signal(a->loop, SIGTERM, on_term, a);
	if (!r)
		r = loop_signal(a->loop, SIGINT, on_term, a);
	if (!r)
		r = loop_signal(a->loop, SIGHUP, on_hup, a);
	if (!r)
		r = loop_signal(a->loop, SIGUSR1, on_usr1, a);
	if (!r)
		r = node_new(&a->node, launch_warden(a->launch), &a->config,
			     launch_capabilities(a->launch));
	if (!r)
		r = worker_new(&a->worker, a->loop, WORKER_ROOM);
	if (!r)
		r = scrape_new(&a->scrape, a->loop, a->worker, &scraped);
	if (!r)
		r = push_new(&a->push, a->loop, a->worker, &pushed);
	if (!r)
		r = push_configure(a->push, &a->config, TAKE(a->push_headers));
	if (!r)
		r = open_door(a, launch_socket(a->launch), false, &a->http);
	if (!r && a->metrics_listener >= 0)
		r = open_door(a, a->metrics_listener, true, &a->metrics);
	if (!r)
		r = loop_watch(a->loop, launch_warden(a->launch)->socket, EPOLLRDHUP,
			       on_warden_gone, a, NULL);
	if (!r)
		r = loop_timer(a->loop, a->config.interval_ns, on_beat, a, &a->beat);
	if (!r)
		r = loop_timer(a->loop, GIVE_BACK_NS, on_give_back, a, NULL);
	if (!r && a->notify.watchdog_ns)
		r = loop_timer(a->loop, a->notify.watchdog_ns / 2, on_watchdog, a, NULL);
	if (!r && a->config.run_for_ns)
		r = loop_timer(a->loop, a->config.run_for_ns, on_run_for, a, NULL);
	if (r)
		log_error("agent", "cannot start error=%s", strerror(-r));
	return r;
}

static void log_summary(struct agent *a)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct hist waits = { 0 };

	node_tick(a->node, clock_mono_ns());
	if (!node_snapshot(a->node, &s))
		for (size_t i = 0; i < s->cpu_count; i++)
			hist_add(&waits, &s->cpus[i].wait_total);
	log_info("agent", "stopped after=%.1fs samples=%llu waits=%llu waited=%.3fs",
		 (double)(clock_mono_ns() - a->started_ns) / (double)NS_PER_SEC,
		 (unsigned long long)a->ticks, (unsigned long long)hist_count(&waits),
		 (double)waits.sum_ns / (double)NS_PER_SEC);
}

static int serve(struct agent *a)
{
	int status;

	if (set_up(a))
		return 1;
	on_beat(a, 0);
	log_info("agent", "ready version=%s socket=%s uid=%u", version(), a->config.socket,
		 (unsigned int)getuid());
	notify_send(&a->notify, "READY=1\nSTATUS=watching the node");
	status = loop_run(a->loop);
	log_summary(a);
	return status < 0 ? 1 : status;
}

/* Before anything is loaded: who cannot have his port is told at once. */
static int take_port(struct agent *a)
{
	char why[CONFIG_WHY];

	if (address_is_off(a->config.metrics_listen))
		return 0;
	a->metrics_listener = listener_open(a->config.metrics_listen, why, sizeof(why));
	if (a->metrics_listener >= 0)
		return 0;
	fprintf(stderr, "fairlead: %s\n", why);
	return 1;
}

int agent_check(const struct config *config)
{
	char why[CONFIG_WHY], *headers = NULL;
	int status;

	if (places_check(config->socket, why,
			 sizeof(why))) { /* by who is root still, as at a start */
		fprintf(stderr, "fairlead: %s\n", why);
		return 2;
	}
	status = launch_become(config);
	if (status)
		return status;
	status = push_check(config, &headers, why, sizeof(why)) ? 2 : 0;
	headers_free(headers);
	if (!status && !address_is_off(config->metrics_listen))
		status = listener_check(config->metrics_listen, why, sizeof(why)) ? 2 : 0;
	if (status)
		fprintf(stderr, "fairlead: %s\n", why);
	return status;
}

int agent_run(const struct agent_start *start)
{
	struct agent a = { .start = start, .started_ns = clock_mono_ns(), .metrics_listener = -1 };
	char why[CONFIG_WHY];
	int status = 1;

	/* A beat or a scrape takes some MB and gives them back.  To have the kernel make them anew
	 * each time is a third of their cost, so they stay for the next one, in the one heap there
	 * is; see on_give_back(). */
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	mallopt(M_ARENA_MAX, 1);
	signal(SIGPIPE, SIG_IGN); /* a reader of the log that goes away takes nobody along */
	notify_open(&a.notify);
	status = launch_new(&a.launch, &start->config, start->config_path);
	if (!status) {
		status = build_config(&a, &a.config, why) ||
					 push_check(&a.config, &a.push_headers, why, sizeof(why))
				 ? 2
				 : 0;
		if (status) {
			fprintf(stderr, "fairlead: %s\n", why);
		} else {
			apply_config(&a);
			status = launch_places(a.launch, &a.config);
			if (!status)
				status = take_port(&a);
		}
		if (!status) {
			a.kept = kept_new(a.config.state_dir);
			status = serve(&a);
			if (!status)
				kept_end(a.kept);
		}
	}
	a.http = http_free(a.http);
	close_metrics(&a);
	a.worker = worker_free(a.worker); /* it may still work on a body */
	a.scrape = scrape_free(a.scrape);
	a.push = push_free(a.push);
	headers_free(a.push_headers);
	a.node = node_free(a.node);
	a.loop = loop_free(a.loop);
	a.kept = kept_free(a.kept);
	a.launch = launch_free(a.launch);
	notify_close(&a.notify);
	return status;
}
