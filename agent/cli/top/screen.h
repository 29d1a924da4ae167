/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen: the terminal, by ncursesw, which is loaded when it is needed: linked, it would cost
 * the idle agent and its warden 0.3 MB each.  One at a time, as there is one terminal; whatever
 * ends the process but SIGKILL leaves the terminal as it was.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct canvas;
struct screen;

/* Can there be one?  -ENOTTY, -ENOENT (the library is missing) …, with a sentence in why. */
int screen_new(struct screen **ret, char *why, size_t size);
/* Takes the terminal over; LC_CTYPE is set by then. */
int screen_begin(struct screen *s, bool colour);
struct screen *screen_free(struct screen *s);
void screen_freep(struct screen **s);

void screen_size(const struct screen *s, int *rows, int *columns);
/* False when the terminal takes nothing for now (stopped by ^S, a slow line): try again later. */
bool screen_show(struct screen *s, const struct canvas *c);
/* What was pressed, as model.h has it; 0: nothing more. */
uint32_t screen_key(struct screen *s);

void screen_stop(struct screen *s);   /* as ^Z does: comes back when it is continued */
void screen_resume(struct screen *s); /* continued: takes the terminal over again */
void screen_resize(struct screen *s); /* all anew, in the size that it has now */
/* Whoever ends us does not wait: a terminal that stalls is left without a last word. */
void screen_hurry(struct screen *s);
