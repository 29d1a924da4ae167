/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execution: what runs jobs for this agent: its pools and its jobs, as the doors ask for them.
 * Where the configuration does not have it, every request is told so.
 */
#pragma once
#include "agent/api/jobs_door.h"

struct config;
struct execution;
struct loop;
struct warden;

/* loop and warden are borrowed. */
int execution_new(struct execution **ret, struct loop *loop, struct warden *warden,
		  const struct config *config);
/* In this order when the agent ends: what runs is cut off, the doors are told; then they close. */
void execution_stop(struct execution *e);
struct execution *execution_free(struct execution *e); /* returns NULL */

void execution_drain(struct execution *e);
unsigned int execution_open(const struct execution *e); /* jobs */

struct jobs_agent execution_agent(struct execution *e);
