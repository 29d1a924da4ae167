/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop: INT and TERM end the measuring, not the command, which still prints what it has.  They are
 * blocked but for where we wait, so that none is lost between a look and a wait.
 */
#pragma once
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

void stop_watch(void);           /* from now on */
bool stop_asked(void);           /* once true, always; a system call until then */
bool stop_seen(void);            /* the same, as of the last look or wait that was broken off */
const sigset_t *stop_mask(void); /* to wait with */

/* Until a descriptor is ready (0), the clock says end_ns (-ETIMEDOUT), or we shall stop (-EINTR). */
int stop_poll(struct pollfd *fds, nfds_t count, uint64_t end_ns);
