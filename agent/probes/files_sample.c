/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/files_sample.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/cleanup.h"
#include "agent/probes/filesystems.h"
#include "agent/probes/node_files.h"

int files_sample_new(struct files_sample **ret, size_t cpus)
{
	CLEANUP(files_sample_freep) struct files_sample *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cpus = calloc(cpus, sizeof(*s->cpus));
	if (!s->cpus)
		return -ENOMEM;
	s->cpu_count = cpus;
	*ret = TAKE(s);
	return 0;
}

struct files_sample *files_sample_free(struct files_sample *s)
{
	if (s) {
		free(s->cpus);
		cgroup_files_sample_clear(&s->cgroups);
	}
	free(s);
	return NULL;
}

void files_sample_freep(struct files_sample **s)
{
	*s = files_sample_free(*s);
}

int files_sample_take(struct files_sample *s, struct cgroup_files *cgroups, uint64_t now_ns,
		      bool briefly, const char *root)
{
	s->when_ns = now_ns;
	node_files_read(&s->node, s->cpus, s->cpu_count, root);
	filesystems_read(&s->node, root);
	return cgroups ? cgroup_files_read(cgroups, now_ns, briefly, &s->cgroups) : 0;
}
