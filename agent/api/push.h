/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: metrics to an OTLP receiver, each otlp.interval.  The loop takes a snapshot; the worker
 * writes and compresses it; the sender's thread gets it there (exporters/otlp/sender.h).  Nothing
 * of it waits for the network.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct config;
struct findings;
struct loop;
struct losses;
struct push;
struct push_snapshot;
struct snapshot;
struct worker;

struct push_agent {
	void *context;
	int (*snapshot)(void *context, struct snapshot **ret); /* up to now; -errno */
};

/*
 * Reads the files that the configuration names: -errno with a line in `why` when one is no good.
 * *headers is for push_configure() then.
 */
int push_check(const struct config *config, char **headers, char *why, size_t size);

int push_new(struct push **ret, struct loop *loop, struct worker *worker,
	     const struct push_agent *agent);
struct push *push_free(struct push *p); /* the worker is gone; what is unsent is dropped */

/* Takes what is in force from now on; headers are taken over. */
int push_configure(struct push *p, const struct config *config, char *headers);

/* The last of all pushes, now; push_idle() when nothing is under way any more. */
void push_finish(struct push *p);
bool push_idle(struct push *p);

void push_fill(struct push *p, struct push_snapshot *ret);
void push_add_losses(struct push *p, struct losses *to);
void push_add_finding(struct push *p, struct findings *to);
