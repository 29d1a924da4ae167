/* SPDX-License-Identifier: Apache-2.0 */
/* disk_reading: what the disks did between two samples.  Pure. */
#pragma once

struct disk_sample;

/*
 * *ret is filled anew, in the order of *now: what was counted in between.  A row that changed
 * hands or fell (its device was taken away and came back) counts from zero.  Details are there where
 * both samples have them.  -ENOMEM.
 */
int disk_reading_between(struct disk_sample *ret, const struct disk_sample *then,
			 const struct disk_sample *now);
