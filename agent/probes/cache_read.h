/* SPDX-License-Identifier: Apache-2.0 */
/* cache_read: the agent's half of the page cache's probe; see sched_read. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cache_read;
struct cache_sample;

/* fds in the order of cache_subject.maps; borrowed for the call. */
int cache_read_new(struct cache_read **ret, const int *fds, uint32_t cpus, uint32_t shards);
struct cache_read *cache_read_free(struct cache_read *c);

/* -ENOMEM leaves the sample without some of its rows. */
int cache_read_sample(struct cache_read *c, struct cache_sample *ret);

/* Frees the row of a cgroup that is gone; what it counted goes to `gone` of later samples. */
void cache_read_forget(struct cache_read *c, uint64_t cgroup);

/* The knob in the program's data: count per cgroup or not, from now on. */
void cache_read_set_cgroups(struct cache_read *c, bool on);
