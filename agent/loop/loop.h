/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: one thread, one epoll, for sensing, deciding, acting and serving.  A callback is
 * short (under 5 ms); how late timers fire is kept as the loop's lag.  No locks, no work in
 * signal handlers: signals come by signalfd, timers by timerfd.
 */
#pragma once
#include <signal.h>
#include <stdint.h>

struct loop;
struct loop_source;

typedef void (*loop_fn)(void *context, uint32_t events);

int loop_new(struct loop **ret);
struct loop *loop_free(struct loop *l); /* frees what is still registered; takes NULL */
void loop_freep(struct loop **l);

/*
 * The descriptor stays the caller's and must outlive the source.  *ret may be NULL when the
 * source lives as long as the loop.  A source may be dropped from inside any callback.
 */
int loop_watch(struct loop *l, int fd, uint32_t events, loop_fn fn, void *context,
	       struct loop_source **ret);

/* Fires each period_ns, from now on; 0 sets up a timer that is not armed. */
int loop_timer(struct loop *l, uint64_t period_ns, loop_fn fn, void *context,
	       struct loop_source **ret);
int loop_timer_set(struct loop_source *timer, uint64_t first_ns, uint64_t period_ns);

/* Blocks the signal for the process and hands it to fn; `events` is the signal's number. */
int loop_signal(struct loop *l, int signal, loop_fn fn, void *context);

struct loop_source *loop_drop(struct loop_source *s); /* takes NULL, returns NULL */

/* Runs until loop_stop(); returns what that was given. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l, int result);

/* Periods of timers that passed while the loop was late: beats that were never given. */
uint64_t loop_missed(const struct loop *l);

/* The largest lateness of a timer since it was last asked. */
uint64_t loop_lag_max_ns(struct loop *l);
