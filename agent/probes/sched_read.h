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

void sched_read_sample(struct sched_read *s, struct sched_sample *ret);

/* Frees the row of a cgroup that is gone; what it counted goes to `gone` of later samples. */
void sched_read_forget(struct sched_read *s, uint64_t cgroup);

/* The knob in the program's data: count per cgroup or not, from now on. */
void sched_read_set_cgroups(struct sched_read *s, bool on);
