/* SPDX-License-Identifier: Apache-2.0 */
/* network: what went through each interface, as /proc/net/dev says. */
#pragma once
#include "agent/snapshot/node_totals.h"

/* root: "" or a folder that stands for it.  The network namespace is that of the process. */
void network_read(struct network *ret, const char *root);
void network_parse(struct network *ret, const char *text);
