/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched_read: the agent's half of the sched probe.  Reads the mapped ledger by loads alone,
 * without a system call and without any right but the descriptors that it was handed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sched_read;
struct sched_sample;

/* fds in the order of sched_subject.maps; borrowed for the call. */
int sched_read_new(struct sched_read **ret, const int *fds, uint32_t cpus, uint32_t shards);
struct sched_read *sched_read_free(struct sched_read *s);

/*
 * What runs or idles now is counted up to this moment, on the CPUs that are online.  -ENOMEM
 * leaves the sample without some of its rows.
 */
int sched_read_sample(struct sched_read *s, const bool *online, struct sched_sample *ret);

/* Frees the row of a cgroup that is gone; what it counted goes to `gone` of later samples. */
void sched_read_forget(struct sched_read *s, uint64_t cgroup);

/* Frees the rows of tasks that did not wait long since the last call. */
void sched_read_forget_waiters(struct sched_read *s);

/* The knobs in the program's data: count per cgroup, and its distributions, from now on. */
void sched_read_set(struct sched_read *s, bool cgroups, bool detail);
