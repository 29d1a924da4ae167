/* SPDX-License-Identifier: Apache-2.0 */
/* draw: a model as cells, whatever the size of the canvas.  Pure. */
#pragma once
#include <stdint.h>

struct canvas;
struct model;

/* Scrolls the model to what fits; now_ns tells how old that is what is shown. */
void draw(struct canvas *c, struct model *m, uint64_t now_ns);
