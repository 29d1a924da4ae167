/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/stop.h"

#include <errno.h>
#include <stddef.h>

#include "agent/base/clock.h"

static volatile sig_atomic_t asked;
static sigset_t before;

static void note(int signal)
{
	(void)signal;
	asked = 1;
}

void stop_watch(void)
{
	const struct sigaction action = { .sa_handler = note };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	sigdelset(&before, SIGINT);
	sigdelset(&before, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

const sigset_t *stop_mask(void)
{
	return &before;
}

bool stop_seen(void)
{
	return asked;
}

bool stop_asked(void)
{
	const struct timespec at_once = { 0 };

	if (!asked)
		(void)ppoll(NULL, 0, &at_once, &before);
	return asked;
}

int stop_poll(struct pollfd *fds, nfds_t count, uint64_t end_ns)
{
	for (;;) {
		uint64_t now = clock_mono_ns(), left = end_ns > now ? end_ns - now : 0;
		const struct timespec wait = { .tv_sec = (time_t)(left / NS_PER_SEC),
					       .tv_nsec = (long)(left % NS_PER_SEC) };
		int n = asked ? -1 : ppoll(fds, count, &wait, &before);

		if (asked)
			return -EINTR;
		if (n >= 0)
			return n ? 0 : -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}
