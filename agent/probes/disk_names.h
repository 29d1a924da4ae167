/* SPDX-License-Identifier: Apache-2.0 */
/* disk_names: what sysfs says of a block device by its number.  root: "" or a folder that stands for it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { DISK_NAME = 32 };

/* False, and *ret is "8:0" or so, when there is no such device (any more). */
bool disk_name(const char *root, uint32_t number, char ret[DISK_NAME]);

/* Requests that the device has now; false when sysfs does not say. */
bool disk_in_flight(const char *root, uint32_t number, uint64_t *ret);
