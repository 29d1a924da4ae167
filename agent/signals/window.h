/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window: the samples of the last while, so that "what happened in the last ten seconds" is a
 * difference of two.  Pure: callers bring time and samples.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sample;
struct window;

int window_new(struct window **ret, size_t cpus, uint64_t length_ns);
struct window *window_free(struct window *w);
void window_freep(struct window **w);

void window_set_length(struct window *w, uint64_t length_ns);

/*
 * The sample is copied.  -ESTALE when time or a CPU's counter ran backwards (the programs were
 * loaded anew): the window restarts from this sample.
 */
int window_feed(struct window *w, const struct sample *sample);

/* The last one that was fed, NULL when there is none; valid until the next feed. */
const struct sample *window_last(const struct window *w);

/*
 * The sample nearest to one window ago, and the last one: valid until the next feed.  False
 * until two exist.
 */
bool window_ends(const struct window *w, const struct sample **then, const struct sample **now);
