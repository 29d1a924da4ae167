/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/compose_files.h"

#include <errno.h>
#include <string.h>

#include "agent/api/compose.h"
#include "agent/base/cleanup.h"
#include "agent/base/text_index.h"
#include "agent/probes/files_sample.h"
#include "agent/snapshot/snapshot.h"

static void fill_cpus(struct snapshot *s, const struct files_sample *then,
		      const struct files_sample *now)
{
	static const struct cpu_times none;

	for (size_t i = 0; i < s->cpu_count && i < now->cpu_count; i++) {
		cpu_times_between(&s->cpus[i].time, then ? &then->cpus[i] : &none, &now->cpus[i]);
		s->cpus[i].time_total = now->cpus[i];
	}
}

static void fill_busy(struct snapshot *s, const struct files_sample *then)
{
	for (size_t i = 0; then && i < s->node.busy_count; i++) {
		struct disk_busy *b = &s->node.busy[i];

		b->window_ns = b->ns; /* of a disk that is new */
		for (size_t n = 0; n < then->node.busy_count; n++)
			if (!strcmp(then->node.busy[n].name, b->name) &&
			    then->node.busy[n].ns <= b->ns)
				b->window_ns = b->ns - then->node.busy[n].ns;
	}
}

static int index_rows(struct text_index *ret, const struct files_sample *sample)
{
	size_t count = sample ? sample->cgroups.count : 0;
	int r = text_index_init(ret, count);

	for (size_t i = 0; !r && i < count; i++)
		text_index_add(ret, sample->cgroups.rows[i].path, i);
	return r;
}

static void fill_cgroup(struct cgroup_snapshot *to, const struct cgroup_row *now,
			const struct files_sample *then, const struct text_index *old)
{
	size_t i = text_index_find(old, now->path);

	to->use_total = now->use;
	if (then)
		cgroup_use_between(&to->use,
				   i == TEXT_INDEX_NONE ? NULL : &then->cgroups.rows[i].use,
				   &now->use);
}

/* Cgroups of the same path are one, whichever hierarchies they are in. */
static int fill_cgroups(struct snapshot *s, const struct files_sample *then,
			const struct files_sample *now)
{
	CLEANUP(text_index_clear) struct text_index old = { 0 };
	CLEANUP(text_index_clear) struct text_index shown = { 0 };
	size_t room = s->cgroup_count + now->cgroups.count;

	if (snapshot_make_room(s, now->cgroups.count) || index_rows(&old, then) ||
	    text_index_init(&shown, room))
		return -ENOMEM;
	for (size_t i = 0; i < s->cgroup_count; i++)
		text_index_add(&shown, s->cgroups[i].path, i);
	for (size_t i = 0; i < now->cgroups.count; i++) {
		const struct cgroup_row *row = &now->cgroups.rows[i];
		size_t at = text_index_find(&shown, row->path);

		fill_cgroup(at == TEXT_INDEX_NONE ? compose_cgroup(s, row->id, row->path)
						  : &s->cgroups[at],
			    row, then, &old);
	}
	s->cgroups_unread = now->cgroups.unread;
	s->cgroup_files_refused = now->cgroups.refused;
	return 0;
}

int compose_files(struct snapshot *s, const struct files_sample *then,
		  const struct files_sample *now)
{
	s->node = now->node;
	s->files_window_ns = then ? now->when_ns - then->when_ns : 0;
	fill_cpus(s, then, now);
	fill_busy(s, then);
	return fill_cgroups(s, then, now);
}
