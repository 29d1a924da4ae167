/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/files_sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/probes/filesystems.h"
#include "agent/probes/lines.h"
#include "agent/probes/node_files.h"

#define SELDOM_NS (15 * NS_PER_SEC) /* as cgroups are told of, see cgroup_files.c */

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
		disk_table_clear(&s->disks);
		cgroup_files_sample_clear(&s->cgroups);
	}
	free(s);
	return NULL;
}

void files_sample_freep(struct files_sample **s)
{
	*s = files_sample_free(*s);
}

/* Those that ever had anything to do. */
static void note_busy(struct node_use *to, const struct disk_table *disks)
{
	for (size_t i = 0; i < disks->count; i++) {
		const struct disk_row *row = &disks->rows[i];
		struct disk_busy *busy = &to->busy[to->busy_count];

		_Static_assert((int)DISK_NAME == (int)DEVICE_NAME, "a name fits");
		if (!row->busy_ms)
			continue;
		if (to->busy_count == BUSY_MAX) {
			to->busy_unread++;
			continue;
		}
		busy->ns = lines_times(row->busy_ms, NS_PER_MSEC);
		memcpy(busy->name, row->name, sizeof(busy->name));
		to->busy_count++;
	}
}

static const struct files_sample *seldom_from(const struct files_asked *asked)
{
	return asked->briefly && asked->last && asked->now_ns - asked->last->when_ns < SELDOM_NS
		       ? asked->last
		       : NULL;
}

int files_sample_take(struct files_sample *s, struct cgroup_files *cgroups,
		      struct fs_machine *machine, const struct files_asked *asked)
{
	const struct files_sample *last = seldom_from(asked);

	s->when_ns = asked->now_ns;
	node_files_read(&s->node, s->cpus, s->cpu_count, machine);
	if (last) {
		node_files_copy_seldom(&s->node, &last->node);
		filesystems_read_again(&s->node, &last->node, machine);
	} else {
		node_files_read_seldom(&s->node, machine);
		filesystems_read(&s->node, machine);
	}
	if (last && asked->counted)
		disk_table_read_again(&s->disks, &last->disks, asked->counted, machine);
	else
		disk_table_read(&s->disks, machine);
	if (asked->counted && !last)
		disk_table_note(&s->disks, asked->counted);
	note_busy(&s->node, &s->disks);
	return cgroups ? cgroup_files_read(cgroups, asked->now_ns, asked->briefly, &s->cgroups) : 0;
}
