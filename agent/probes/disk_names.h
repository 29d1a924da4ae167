/* SPDX-License-Identifier: Apache-2.0 */
/* disk_names: what the kernel says of block devices by their number. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { DISK_NAME = 32 };

/* root: "" or a folder that stands for the machine.  False, and *ret is "8:0" or so, when there is no such device (any more). */
bool disk_name(const char *root, uint32_t number, char ret[DISK_NAME]);
