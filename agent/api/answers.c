/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/answers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/api/agent_room.h"
#include "agent/api/http.h"
#include "agent/api/kept.h"
#include "agent/api/launch.h"
#include "agent/api/node.h"
#include "agent/api/push.h"
#include "agent/api/scrape.h"
#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/loop/loop.h"
#include "agent/probes/machine.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/snapshot.h"
#include "agent/warden/warden.h"
#include "exporters/json/json.h"

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

unsigned int answer_connections(const struct agent *a)
{
	return (a->http ? http_connections(a->http) : 0) +
	       (a->metrics ? http_connections(a->metrics) : 0);
}

static void fill_own(struct agent *a, struct snapshot *s)
{
	uint64_t lag = loop_lag_max_ns(a->loop), now = clock_mono_ns();

	if (lag > a->lag_max_ns)
		a->lag_max_ns = lag;
	a->answered_ns = now;
	add_own_losses(a, &s->lost);
	s->agent = (struct agent_snapshot){
		.present = true,
		.uptime_ns = now - a->started_ns,
		.loop_lag_max_ns = a->lag_max_ns,
		.ticks = a->ticks,
		.rss_bytes = machine_rss_bytes("", getpid()),
		.warden_rss_bytes = machine_rss_bytes("", launch_warden(a->launch)->pid),
		.connections = answer_connections(a),
	};
	push_fill(a->push, &s->agent.push);
}

char *answer_snapshot(void *context, const struct sample *since)
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

int answer_history(void *context, const char *prefix, uint64_t length_ns,
		   struct history_snapshot **ret)
{
	const struct agent *a = context;

	return node_history(a->node, prefix, length_ns, ret);
}

struct sample *answer_base(void *context)
{
	struct agent *a = context;
	struct sample *s = NULL;

	node_base(a->node, clock_mono_ns(), &s);
	return s;
}

char *answer_doctor(void *context)
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

int answer_scrape(void *context, struct snapshot **ret)
{
	struct agent *a = context;
	int r = node_scrape(a->node, clock_mono_ns(), ret);

	if (r)
		log_error("agent", "no metrics error=%s", strerror(-r));
	else
		fill_own(a, *ret);
	return r;
}

int answer_metrics(void *context, enum prometheus_format format, struct out *ret)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	int r = answer_scrape(context, &s);

	return r ? r : prometheus_write(s, format, ret);
}

const char *answer_not_ready(void *context)
{
	struct agent *a = context;

	if (a->terms)
		return "draining";
	return a->ticks < 2 ? "the first window has not ended yet" : NULL;
}
