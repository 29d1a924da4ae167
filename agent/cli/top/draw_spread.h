/* SPDX-License-Identifier: Apache-2.0 */
/* draw_spread: the distributions of the selected row, as bars of the slots that they lie in. */
#pragma once

struct canvas;
struct model;

/* From `row` to the last but one row of the canvas. */
void draw_spread(struct canvas *c, int row, struct model *m);
