/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sample_new(struct sample **ret, size_t cpus)
{
	struct sample *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (sched_sample_new(&s->sched, cpus)) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

struct sample *sample_free(struct sample *s)
{
	if (s) {
		sched_sample_free(s->sched);
		disk_sample_clear(&s->disk);
		cache_sample_clear(&s->cache);
		files_sample_free(s->files);
	}
	free(s);
	return NULL;
}

void sample_freep(struct sample **s)
{
	*s = sample_free(*s);
}

int sample_copy(struct sample *to, const struct sample *from)
{
	int r;

	to->when_ns = from->when_ns;
	to->files = files_sample_free(to->files); /* of no use to a window: see files_sample.h */
	memcpy(to->pressure, from->pressure, sizeof(to->pressure));
	to->memory = from->memory;
	to->network = from->network;
	r = sched_sample_copy(to->sched, from->sched);
	if (!r)
		r = cache_sample_copy(&to->cache, &from->cache);
	return r ? r : disk_sample_copy(&to->disk, &from->disk);
}
