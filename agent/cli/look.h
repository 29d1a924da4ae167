/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look: gets a command what it is to show: from the agent when one answers, else by loading
 * the probes for a moment, which takes the rights to do so.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct command_common;
struct look;
struct snapshot;

/*
 * The agent's socket and what is to be measured without one are as the flags and the
 * configuration file say.  agent_only: do not load probes where no agent answers.  0, or the exit status; what is wrong
 * has been said on stderr by then.
 */
int look_new(struct look **ret, const struct command_common *common, bool agent_only);
struct look *look_free(struct look *l);
void look_freep(struct look **l);

bool look_by_agent(const struct look *l);
const char *look_socket(const struct look *l);

/*
 * The versioned JSON object, the caller's to free; a table is made from it as well, so that
 * there is one way from the node to the eye.  window_ns 0: the agent's own last window, or
 * 0.8 s without an agent.
 */
int look_snapshot(struct look *l, uint64_t window_ns, char **json);
int look_findings(struct look *l, char **json);

/* Where there is no agent: 0, or what is wrong has been said and this is the exit status. */
int look_may_measure(const struct look *l);
/*
 * Samples now; *ret is what happened since the last time, NULL at the first.  For who looks again
 * and again, each interval_ns, without waiting here.  -errno.
 */
int look_tick(struct look *l, uint64_t interval_ns, struct snapshot **ret);
