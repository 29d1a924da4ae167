/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers: what the agent says when it is asked, by its doors, scrapes and pushes: what the node
 * has, and behind it what is of the agent itself.  The context is the agent, everywhere.
 */
#pragma once
#include <stdint.h>

#include "exporters/prometheus/prometheus.h"

struct agent;
struct history_snapshot;
struct sample;
struct snapshot;

/* As struct http_agent has them. */
char *answer_snapshot(void *context, const struct sample *since);
struct sample *answer_base(void *context);
int answer_history(void *context, const char *prefix, uint64_t length_ns,
		   struct history_snapshot **ret);
char *answer_doctor(void *context);
const char *answer_not_ready(void *context);

/* As struct push_agent and struct scrape_agent have them. */
int answer_scrape(void *context, struct snapshot **ret);
int answer_metrics(void *context, enum prometheus_format format, struct out *ret);

unsigned int answer_connections(const struct agent *a); /* at all doors */
