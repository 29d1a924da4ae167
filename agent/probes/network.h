/* SPDX-License-Identifier: Apache-2.0 */
/* network: what went through each interface, as /proc/net/dev says. */
#pragma once
#include "agent/snapshot/node_totals.h"

struct fs_machine;

/* The network namespace is that of the process. */
void network_read(struct network *ret, struct fs_machine *machine);
void network_parse(struct network *ret, const char *text);
