/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node: this machine as seen through the probes: loads them through the warden, samples
 * them on its beat, and composes snapshots and findings.  The agent has one; so has a
 * `fairlead snapshot` that found no agent.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct config;
struct findings;
struct history_snapshot;
struct node;
struct sample;
struct snapshot;
struct warden;

/*
 * Borrows the warden.  capabilities: what the process held at its start, for the doctor.  A
 * subject that does not load is off with a reason, not an error.
 */
int node_new(struct node **ret, struct warden *warden, const struct config *config,
	     uint64_t capabilities);
struct node *node_free(struct node *n);
void node_freep(struct node **n);

/* Takes over what may change at run time. */
void node_configure(struct node *n, const struct config *config);

/* Samples now; call it each config.interval_ns. */
int node_tick(struct node *n, uint64_t now_ns);

/* The window that ended with the last tick; *ret is the caller's. */
int node_snapshot(struct node *n, struct snapshot **ret);

/* What was counted since load, up to now; its window is of no use to anybody. */
int node_scrape(struct node *n, uint64_t now_ns, struct snapshot **ret);

/* A window of the caller's own: from a base taken then to now. */
int node_base(struct node *n, uint64_t now_ns, struct sample **ret);
int node_snapshot_since(struct node *n, uint64_t now_ns, const struct sample *base,
			struct snapshot **ret);

/* The last while, second by second: series whose names begin so.  -EINVAL when none does. */
int node_history(const struct node *n, const char *prefix, uint64_t length_ns,
		 struct history_snapshot **ret);

bool node_measures(const struct node *n); /* is any subject on? */
const char *node_kernel(const struct node *n);
void node_findings(const struct node *n, struct findings *ret);
