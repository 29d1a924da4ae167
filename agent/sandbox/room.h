/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room: what one job has for itself, mounted into the frame that is / (root.h): /proc, /tmp, the
 * working folder, and, where it may write to its root, an overlay.
 */
#pragma once

struct build;

int room_build(struct build *b);
