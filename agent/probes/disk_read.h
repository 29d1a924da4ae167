/* SPDX-License-Identifier: Apache-2.0 */
/* disk_read: the agent's half of the disk probe; as agent/probes/sched_read.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct disk_read;
struct disk_sample;

/* fds in the order of disk_subject.maps; borrowed for the call. */
int disk_read_new(struct disk_read **ret, const int *fds, uint32_t cpus);
struct disk_read *disk_read_free(struct disk_read *d);

/* detail: times per cgroup as well.  *ret is filled anew; its owner clears it. */
int disk_read_sample(struct disk_read *d, bool detail, struct disk_sample *ret);

/* Frees the rows of a cgroup that is gone; what they counted goes to a share of all such. */
void disk_read_forget_cgroup(struct disk_read *d, uint64_t cgroup);
/* Frees the row of a device that was taken away, and its shares, which go to `gone`. */
void disk_read_forget_device(struct disk_read *d, uint32_t number);

/* The knobs in the program's data: count per cgroup or not, and their times, from now on. */
void disk_read_set(struct disk_read *d, bool cgroups, bool detail);
