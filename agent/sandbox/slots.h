/* SPDX-License-Identifier: Apache-2.0 */
/* slots: the sandboxes that a nursery has, by the numbers that the agent gave them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct slot {
	uint32_t number;
	pid_t stub;     /* process 1 in it */
	pid_t job;      /* that a zygote forked; 0: none, or it has ended */
	uint32_t group; /* 0: none */
	int go;         /* tells the stub that it is in its group, or -1 */
	int job_end; /* our end of what its job is told over, to say how that process ended; or -1 */
};

struct slots { /* zeroed to begin with */
	struct slot *rows;
	size_t count, room;
};

/* NULL when out of memory; valid until the next one is added or dropped. */
struct slot *slots_add(struct slots *s, const struct slot *row);
struct slot *slots_by_number(const struct slots *s, uint32_t number);
struct slot *slots_by_stub(const struct slots *s, pid_t stub);
struct slot *slots_by_job(const struct slots *s, pid_t job);
void slots_drop(struct slots *s, struct slot *row);
