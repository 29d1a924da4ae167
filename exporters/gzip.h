/* SPDX-License-Identifier: Apache-2.0 */
/* gzip: a body made small, in one go.  It takes milliseconds of a large one: not for the loop. */
#pragma once

struct out;

/* Appends to *to; -ENOMEM. */
int gzip_pack(struct out *to, const struct out *from);
