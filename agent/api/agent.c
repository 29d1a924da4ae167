/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/agent.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/api/agent_room.h"
#include "agent/api/answers.h"
#include "agent/api/execution.h"
#include "agent/api/http.h"
#include "agent/api/kept.h"
#include "agent/api/launch.h"
#include "agent/api/listener.h"
#include "agent/api/node.h"
#include "agent/api/push.h"
#include "agent/api/scrape.h"
#include "agent/api/settings.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/version.h"
#include "agent/config/address.h"
#include "agent/loop/loop.h"
#include "agent/loop/worker.h"
#include "agent/snapshot/snapshot.h"
#include "agent/warden/places.h"
#include "agent/warden/warden.h"
#include "exporters/otlp/headers.h"

#define METRICS_CONNECTIONS 32 /* of metrics_listen: a few servers, each with its spare one */
#define KEPT_BYTES          (4u << 20) /* of memory that is free */
#define GIVE_BACK_NS        (5 * NS_PER_SEC)
#define WORKER_ROOM         4 /* bodies that wait to be compressed; more go as they are */

/* --- the doors --- */

static int open_door(struct agent *a, int listener, bool metrics_only, struct http **ret)
{
	const struct http_agent agent = { .context = a,
					  .snapshot = answer_snapshot,
					  .base = answer_base,
					  .history = answer_history,
					  .doctor = answer_doctor,
					  .not_ready = answer_not_ready };
	const struct jobs_agent jobs = execution_agent(a->execution);
	const struct http_terms terms = { .listener = listener,
					  .connections =
						  metrics_only
							  ? METRICS_CONNECTIONS
							  : (unsigned int)a->config.max_connections,
					  .body_bytes = a->config.max_body_bytes,
					  .metrics_only = metrics_only,
					  .scrape = a->scrape,
					  .jobs = metrics_only ? NULL : &jobs };

	return http_new(ret, a->loop, &terms, &agent);
}

static void close_metrics(struct agent *a)
{
	a->metrics = http_free(a->metrics);
	closep(&a->metrics_listener);
	a->metrics_listener = -1;
}

static int open_metrics(struct agent *a, const char *address, char why[SETTINGS_WHY])
{
	CLEANUP(closep) int listener = -1;
	struct http *door = NULL;
	int r;

	if (!address_is_off(address)) {
		listener = listener_open(address, why, SETTINGS_WHY);
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
static int move_metrics(struct agent *a, const char *address, char why[SETTINGS_WHY])
{
	char unused[SETTINGS_WHY];
	int r;

	if (a->terms || !strcmp(address, a->config.metrics_listen))
		return 0;
	snprintf(why, SETTINGS_WHY, "metrics_listen: no memory for another door");
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

/* After a burst, and when nobody asks any more. */
static void on_give_back(void *context, uint32_t events)
{
	const struct agent *a = context;

	(void)events;
	if (mallinfo2().fordblks > KEPT_BYTES || clock_mono_ns() - a->answered_ns >= GIVE_BACK_NS)
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
	char why[SETTINGS_WHY], *headers = NULL;

	(void)signal;
	notify_send(&a->notify, "RELOADING=1\nMONOTONIC_USEC=%llu",
		    (unsigned long long)(clock_mono_ns() / 1000));
	if (settings_read(a->start, a->launch, &next, why) ||
	    push_check(&next, &headers, why, sizeof(why)) ||
	    move_metrics(a, next.metrics_listen, why)) {
		log_error("config", "not reloaded, the one before stays in force: %s", why);
		headers_free(headers);
	} else {
		settings_log_changes(&a->config, &next);
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
	if (!answer_connections(a) && push_idle(a->push))
		loop_stop(a->loop, 0);
}

static void on_drain_end(void *context, uint32_t events)
{
	struct agent *a = context;

	(void)events;
	log_warn("agent", "drain_timeout is over: cutting off connections=%u",
		 answer_connections(a));
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
	log_info("agent", "draining connections=%u", answer_connections(a));
	notify_send(&a->notify, "STOPPING=1");
	execution_drain(a->execution);
	http_drain(a->http);
	if (a->metrics)
		http_drain(a->metrics);
	push_finish(a->push);
	if ((!answer_connections(a) && push_idle(a->push)) || !a->config.drain_ns ||
	    loop_timer(a->loop, DRAIN_LOOK_NS, on_drain_beat, a, NULL) ||
	    loop_timer(a->loop, a->config.drain_ns, on_drain_end, a, NULL))
		loop_stop(a->loop, 0);
}

/* What a bug report wants, in the state folder: one JSON object a line. */
static void on_usr1(void *context, uint32_t signal)
{
	struct agent *a = context;
	CLEANUP(freep) char *snapshot = answer_snapshot(a, NULL);
	CLEANUP(freep) char *doctor = answer_doctor(a);
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
	const struct scrape_agent scraped = { .context = a, .write = answer_metrics };
	const struct push_agent pushed = { .context = a, .snapshot = answer_scrape };
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
		r = execution_new(&a->execution, a->loop, launch_warden(a->launch), &a->config);
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
	char why[SETTINGS_WHY];

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
	char why[SETTINGS_WHY], *headers = NULL;
	int status;

	/* By who is root still, as at a start. */
	if (places_check(config->socket, why, sizeof(why))) {
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
	char why[SETTINGS_WHY];
	int status = 1;

	/* A beat or a scrape takes some MB and gives them back.  To have the kernel make them anew
	 * each time is a third of their cost, so they stay for the next one if that comes soon, in
	 * the one heap there is; see on_give_back(). */
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	mallopt(M_ARENA_MAX, 1);
	signal(SIGPIPE, SIG_IGN); /* a reader of the log that goes away takes nobody along */
	notify_open(&a.notify);
	status = launch_new(&a.launch, &start->config, start->config_path);
	if (!status) {
		status = settings_read(start, a.launch, &a.config, why) ||
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
	execution_stop(a.execution);
	a.http = http_free(a.http);
	close_metrics(&a);
	a.execution = execution_free(a.execution);
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
