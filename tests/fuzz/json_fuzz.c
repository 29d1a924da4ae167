/* SPDX-License-Identifier: Apache-2.0 */
/* What a command believes that an agent answered; what it takes, it must be able to print. */
#include "exporters/json/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"
#include "agent/cli/print.h"
#include "agent/cli/top/canvas.h"
#include "agent/cli/top/draw.h"
#include "agent/cli/top/model.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every view of it, sorted by every column. */
static void draw_it(const struct snapshot *s)
{
	struct model m;

	model_init(&m, 1);
	m.snapshot =
		(struct snapshot *)s; /* as model_feed() would take it, without giving it away */
	for (int i = 0; i < _VIEW_MAX * 2; i++) {
		struct canvas *c = NULL;

		if (canvas_new(&c, 24, 80))
			abort();
		m.view = (enum model_view)(i % _VIEW_MAX);
		m.over = i < _VIEW_MAX ? OVER_NOTHING : OVER_SPREAD;
		for (size_t column = 0; column < listings[model_listing(&m)]->column_count;
		     column++) {
			model_press(&m, 's');
			model_press(&m, 'j');
		}
		draw(c, &m, 0);
		canvas_free(c);
	}
	m.snapshot = NULL;
	model_done(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	CLEANUP(freep) char *again = NULL;
	struct findings findings;
	char kernel[65];

	if (!nowhere)
		nowhere = fopen("/dev/null", "we");
	if (!nowhere)
		abort();
	if (!json_read_snapshot((const char *)data, size, &s)) {
		draw_it(s);
		print_snapshot(s, NULL, 0, false, nowhere);
		again = json_snapshot(s);
		if (!again)
			abort();
	}
	if (!json_read_findings((const char *)data, size, &findings, kernel))
		print_findings(&findings, kernel, false, nowhere);
	return 0;
}
