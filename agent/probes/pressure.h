/* SPDX-License-Identifier: Apache-2.0 */
/* pressure: for how long tasks stood still for want of something (PSI), of a node or a cgroup. */
#pragma once
#include "agent/snapshot/node_totals.h"

struct fs_machine;

/* Of the node; what is not there is not known. */
void pressure_read(struct pressure ret[_PRESSURE_MAX], struct fs_machine *machine);

/* "some avg10=0.00 … total=123\nfull …"; false when it is none of that. */
bool pressure_parse(struct pressure *ret, const char *text);
