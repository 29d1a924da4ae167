/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed: a snapshot each interval, from the agent or from probes of our own, without ever
 * waiting for one.  An agent that goes away is asked again until it is back.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct feed;
struct look;
struct loop;
struct snapshot;

struct feed_user {
	void *context;
	void (*fed)(void *context, struct snapshot *s); /* takes it over */
	void (*troubled)(void *context, const char *why);
};

/* Borrows loop and look.  The first snapshot comes as soon as there is one. */
int feed_new(struct feed **ret, struct loop *loop, struct look *look, uint64_t interval_ns,
	     const struct feed_user *user);
struct feed *feed_free(struct feed *f);
void feed_freep(struct feed **f);

void feed_set_interval(struct feed *f, uint64_t interval_ns);
/* While it is paused nobody is asked for anything. */
void feed_pause(struct feed *f, bool paused);
