/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener: the TCP port of metrics_listen.  The agent opens it with the rights of its own
 * user, which has none: a port that only root may take is none for it.
 */
#pragma once
#include <stddef.h>

/* The descriptor; or -errno, and in `why` a line that says what is wrong and how to mend it. */
int listener_open(const char *address, char *why, size_t size);

/* Could it be opened, if nobody has the port?  0, or as above. */
int listener_check(const char *address, char *why, size_t size);
