/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: what an agent and all that descends from it use, by /proc.  Who is who follows from how
 * the processes stand below one another: agent, warden, nurseries, and what these made.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum usage_who { USAGE_AGENT, USAGE_WARDEN, USAGE_NURSERIES, USAGE_SANDBOXES, _USAGE_WHO_MAX };
extern const char *const usage_names[_USAGE_WHO_MAX];

struct usage {
	struct usage_part {
		size_t processes;
		uint64_t rss_bytes, pss_bytes;
		uint64_t cpu_ns; /* their own */
	} parts[_USAGE_WHO_MAX];
	bool pss_known;   /* of all that were looked at; it takes root */
	uint64_t cpu_ns;  /* of all, and of those who ended and were waited for */
	uint64_t node_ns; /* what all CPUs did but idle, steal left out; 0: not known */
};

enum { USAGE_PSS = 1, USAGE_ALL = 2 /* the sandboxes, too; else only the three above */ };

/* Process of who listens on the socket, or -errno. */
pid_t usage_find_agent(const char *socket);

/* -ESRCH: it is gone, or of a namespace of processes that cannot be seen from here. */
int usage_read(struct usage *ret, pid_t agent, unsigned int flags);

/* Keeps the largest of rss and pss of each part and of `sum`. */
struct usage_peak {
	struct usage parts;
	uint64_t rss_bytes, pss_bytes; /* of the three together */
};
void usage_keep_peak(struct usage_peak *peak, const struct usage *now);
