/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the agent share: all that it has. */
#pragma once
#include <stdint.h>

#include "agent/api/agent.h"
#include "agent/base/notify.h"
#include "agent/config/config.h"

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
	struct execution *execution;
	struct http *http, *metrics; /* the socket; the port of metrics_listen, NULL without */
	int metrics_listener;
	char *push_headers; /* read at the start, for push_configure() */
	struct notify notify;
	struct loop_source *beat;
	uint64_t started_ns, ticks, beat_ns, answered_ns, lag_max_ns;
	unsigned int terms;
};
