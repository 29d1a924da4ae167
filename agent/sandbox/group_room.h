/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the group room have in common. */
#pragma once

struct group_limits;
struct group_usage;
struct sandbox_group;

/* What its files say, earlier jobs included. */
struct group_usage group_used_ever(const struct sandbox_group *g);

/* Sets what differs from what is in force. */
int group_set_limits(struct sandbox_group *g, const struct group_limits *wanted);
