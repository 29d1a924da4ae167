/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/clock.h"

#include <stdio.h>

void clock_format(char ret[CLOCK_TEXT], uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_SEC);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(ret, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + n, CLOCK_TEXT - n, ".%03uZ",
		 (unsigned int)(wall_ns % NS_PER_SEC / NS_PER_MSEC));
}
