/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files_window: what the kernel's own files said some time ago, so that who asks the agent is told
 * at once what was used since.  To read them all takes milliseconds: that is done once a window,
 * not each beat, and so this window is between half as long and one and a half times as long as
 * that of the beats.  Pure: callers bring time and readings.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct files_sample;

struct files_window {
	uint64_t length_ns;
	struct files_sample *kept[2]; /* the newest, and the one before; owned */
};

/* Shorter than 5 s is 5 s: of 250 cgroups a reading takes 12 ms. */
void files_window_set_length(struct files_window *w, uint64_t length_ns);
void files_window_clear(struct files_window *w);

bool files_window_is_due(const struct files_window *w, uint64_t now_ns);
void files_window_feed(struct files_window *w, struct files_sample *s); /* taken over */

/* NULL: nothing yet.  Valid until the next feed, as what is below. */
const struct files_sample *files_window_newest(const struct files_window *w);

/* What to compare a reading of now with; NULL: nothing yet. */
const struct files_sample *files_window_begin(const struct files_window *w, uint64_t now_ns);
