/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: the system calls that a profile allows, as a program for the kernel.  It is made
 * once a profile and process, before the sandbox is, and loaded by the command itself.
 */
#pragma once
#include <linux/filter.h>

#include "agent/sandbox/spec.h"

struct filter_program {
	unsigned short length;
	struct sock_filter *code;
};

/* Made at the first call, kept for the rest; NULL with errno set. */
const struct filter_program *filter_of(int profile); /* enum sandbox_profile, or … */
enum { FILTER_ZYGOTE = _SANDBOX_PROFILE_MAX, _FILTER_MAX };

/* From here on; needs no_new_privs. */
int filter_load(const struct filter_program *filter);
