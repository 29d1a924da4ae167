/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filesystems: how full what is mounted is.  Only kinds that lie on a disk of this machine are
 * asked, by a list: of a network's, a server that is gone would hold up the loop for ever.
 */
#pragma once
#include "agent/snapshot/node_use.h"

struct fs_machine;

/* One a device, where it is mounted with the shortest path. */
void filesystems_read(struct node_use *to, struct fs_machine *machine);

/* As read the last time, also whether they were read-only; asked anew how full they are. */
void filesystems_read_again(struct node_use *to, const struct node_use *last,
			    const struct fs_machine *machine);

/* The mounts that are to be asked, from a text such as /proc/self/mountinfo; sizes stay 0. */
void filesystems_parse(struct node_use *to, const char *mountinfo);
