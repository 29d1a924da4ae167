/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signals/files_window.h"

#include <stddef.h>

#include "agent/base/clock.h"
#include "agent/probes/files_sample.h"

void files_window_set_length(struct files_window *w, uint64_t length_ns)
{
	w->length_ns = length_ns < 5 * NS_PER_SEC ? 5 * NS_PER_SEC : length_ns;
}

void files_window_clear(struct files_window *w)
{
	for (int i = 0; i < 2; i++)
		w->kept[i] = files_sample_free(w->kept[i]);
}

bool files_window_is_due(const struct files_window *w, uint64_t now_ns)
{
	return !w->kept[0] || now_ns - w->kept[0]->when_ns >= w->length_ns;
}

void files_window_feed(struct files_window *w, struct files_sample *s)
{
	files_sample_free(w->kept[1]);
	w->kept[1] = w->kept[0];
	w->kept[0] = s;
}

const struct files_sample *files_window_newest(const struct files_window *w)
{
	return w->kept[0];
}

const struct files_sample *files_window_begin(const struct files_window *w, uint64_t now_ns)
{
	const struct files_sample *newest = w->kept[0], *before = w->kept[1];

	if (before && now_ns - newest->when_ns < w->length_ns / 2)
		return before;
	return newest && newest->when_ns < now_ns ? newest : NULL;
}
