/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/sched_sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sched_sample_new(struct sched_sample **ret, size_t cpus)
{
	struct sched_sample *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cpu = calloc(cpus, sizeof(*s->cpu));
	if (!s->cpu) {
		free(s);
		return -ENOMEM;
	}
	s->cpus = cpus;
	*ret = s;
	return 0;
}

struct sched_sample *sched_sample_free(struct sched_sample *s)
{
	if (s)
		free(s->cpu);
	free(s);
	return NULL;
}

void sched_sample_freep(struct sched_sample **s)
{
	*s = sched_sample_free(*s);
}

void sched_sample_copy(struct sched_sample *to, const struct sched_sample *from)
{
	struct hist *cpu = to->cpu;

	memcpy(cpu, from->cpu, from->cpus * sizeof(*cpu));
	*to = *from;
	to->cpu = cpu;
}
