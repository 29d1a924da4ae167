/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read by clang-tidy before each file, by no compiler: the analyzer believes that errno may
 * be 0 after a call that failed, and so that every `return -errno` may mean success.
 */
#pragma once
#include <errno.h>

static inline int *tidy_errno(void)
{
	int *number = __errno_location();

	if (*number <= 0)
		__builtin_unreachable();
	return number;
}
#undef errno
#define errno (*tidy_errno())
