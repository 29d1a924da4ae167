/* SPDX-License-Identifier: Apache-2.0 */
/* place: where in a sandbox something of the host's may be put. */
#pragma once
#include <stdbool.h>

/* An absolute path below /, outside of /proc and /dev, which goes up nowhere. */
bool sandbox_is_place(const char *path);
