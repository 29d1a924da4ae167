/* SPDX-License-Identifier: Apache-2.0 */
/* pools: waits, between two requests, until the agent's pools are full again. */
#pragma once
#include <stdbool.h>

/* false: the agent does not say how full they are, and nothing was waited for.  5 s at most. */
bool pools_wait(const char *socket);
