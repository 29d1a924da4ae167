/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_families: the metrics of the agent itself: what it is, what it measures by, costs and
 * loses.  Part of families.c, not a door of the room.
 */
#pragma once
#include "exporters/families.h"

#define AGENT_FAMILY(name) void agent_##name(const struct snapshot *s, const struct family_sink *to)
AGENT_FAMILY(build_info);
AGENT_FAMILY(subject_up);
AGENT_FAMILY(hook_up);
AGENT_FAMILY(loop_lag);
AGENT_FAMILY(resident);
AGENT_FAMILY(bpf_run);
AGENT_FAMILY(bpf_runs);
AGENT_FAMILY(detail_on);
AGENT_FAMILY(lost);
AGENT_FAMILY(otlp_sent);
AGENT_FAMILY(otlp_retries);
AGENT_FAMILY(otlp_waiting);
AGENT_FAMILY(otlp_waiting_bytes);
#undef AGENT_FAMILY
