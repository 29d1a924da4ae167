/* SPDX-License-Identifier: Apache-2.0 */
/* pressure: for how long tasks stood still for want of something (PSI), of a node or a cgroup. */
#pragma once
#include "agent/snapshot/node_totals.h"

/* From FOLDER/cpu, memory and io, as in /proc/pressure; what is not there is not known. */
void pressure_read(struct pressure ret[_PRESSURE_MAX], const char *folder);

/* "some avg10=0.00 … total=123\nfull …"; false when it is none of that. */
bool pressure_parse(struct pressure *ret, const char *text);
