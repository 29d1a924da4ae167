/* SPDX-License-Identifier: Apache-2.0 */
/* disk_reading: what the disks did between two samples.  Pure. */
#pragma once

#include <stdbool.h>

struct disk_device_sample;
struct disk_sample;

/*
 * *ret is filled anew, in the order of *now: what was counted in between.  A row that changed
 * hands or fell (its device was taken away and came back) counts from zero; what a cgroup did
 * that is gone by now is in the share of all such.  Details are there where both samples have
 * them.  -ENOMEM.
 */
int disk_reading_between(struct disk_sample *ret, const struct disk_sample *then,
			 const struct disk_sample *now);

/* The row was the same device's before and had counted more: its counts are not of this time. */
bool disk_restarted(const struct disk_sample *then, const struct disk_device_sample *now);
