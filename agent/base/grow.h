/* SPDX-License-Identifier: Apache-2.0 */
/* grow: arrays whose room follows what is needed, both ways. */
#pragma once
#include <stddef.h>

/*
 * `at`, which has room for *room elements of a size, or what it was moved to, with room for
 * count of them and not much more.  NULL when out of memory: `at` and *room stay.
 */
void *grow(void *at, size_t *room, size_t count, size_t size);
