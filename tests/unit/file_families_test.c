/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/families.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/snapshot/snapshot.h"
#include "tests/lib/test.h"

#define LINES_A_CGROUP 24

/* Counts the lines of text that speak of a cgroup, and keeps the last value of one family. */
struct count {
	const struct family *family;
	const char *wanted;
	size_t lines, found;
	double value;
};

static void see(struct count *c, const char *const *labels, size_t lines)
{
	for (; *labels; labels += 2)
		if (!strcmp(labels[0], "cgroup"))
			c->lines += lines;
}

static void see_value(void *context, const char *const *labels, double value)
{
	struct count *c = context;

	see(c, labels, 1);
	if (c->wanted && !strcmp(c->family->name, c->wanted)) {
		c->found++;
		c->value = value;
	}
}

static void see_native(void *context, const char *const *labels, uint64_t count, double sum,
		       const struct hist *h)
{
	(void)count;
	(void)sum;
	(void)h;
	see(context, labels, 2);
}

static void see_distribution(void *context, const char *const *labels, const struct hist *h)
{
	(void)context;
	(void)labels;
	(void)h; /* distributions of cgroups are no lines of text */
}

static struct count counted(const struct snapshot *s, const char *wanted)
{
	struct count c = { .wanted = wanted };
	const struct family_sink sink = { .context = &c,
					  .value = see_value,
					  .native = see_native,
					  .distribution = see_distribution };

	for (size_t i = 0; i < family_count; i++) {
		c.family = &families[i];
		families[i].collect(s, &sink);
	}
	return c;
}

/* One cgroup in which everything happened that has a line. */
static struct snapshot *busy(void)
{
	struct snapshot *s = NULL;
	struct cgroup_use *u;

	if (snapshot_new(&s, 1, 1, 1, 1))
		abort();
	strcpy(s->cgroups[0].path, "/a");
	for (int n = 0; n < _SCHED_CGROUP_MAX; n++)
		s->cgroups[0].sched_total[n] = 1;
	for (int n = 0; n < _CACHE_COUNT_MAX; n++)
		s->cgroups[0].cache_total[n] = 1;
	s->cache_measured = true;
	for (int op = DISK_READ; op <= DISK_WRITE; op++)
		s->shares[0].total[op] = (struct share_count){ .ios = 3, .bytes = 4096 };
	u = &s->cgroups[0].use_total;
	memset(u->version, 2, sizeof(u->version));
	u->cpu = (struct cgroup_cpu){ 3000000000, 2000000000, 1000000000 };
	u->throttling = (struct cgroup_throttling){ 9, 3, 500000000 };
	u->memory.used_bytes = 8192;
	u->memory.inactive_file_bytes = 4096;
	u->memory.limit_bytes = 16384;
	for (int of = 0; of < _PRESSURE_MAX; of++)
		u->pressure[of] = (struct pressure){ true, 1000000000, 1000000000 };
	return s;
}

static int a_busy_cgroup_has_no_more_lines_than_are_allowed(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = busy();
	struct count c = counted(s, NULL);

	printf("# %zu lines\n", c.lines);
	CHECK(c.lines && c.lines <= LINES_A_CGROUP);
	return 0;
}

static int what_is_still_0_of_a_cgroup_is_left_out_but_for_kills(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = busy();

	s->cgroups[0].use_total.throttling = (struct cgroup_throttling){ 0 };
	s->cgroups[0].use_total.memory.limit_bytes = USE_NO_LIMIT;
	CHECK(counted(s, "fairlead_cgroup_throttled_seconds_total").found == 0);
	CHECK(counted(s, "fairlead_cgroup_memory_bytes").found == 1);
	CHECK(counted(s, "fairlead_cgroup_oom_kills_total").found == 1);
	CHECK(counted(s, "fairlead_cgroup_oom_kills_total").value == 0);
	return 0;
}

static int what_is_not_known_has_no_line(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = busy();

	memset(s->cgroups[0].use_total.version, 0, sizeof(s->cgroups[0].use_total.version));
	CHECK(counted(s, "fairlead_cgroup_cpu_seconds_total").found == 0);
	CHECK(counted(s, "fairlead_cgroup_memory_bytes").found == 0);
	CHECK(counted(s, "fairlead_cpu_seconds_total").found == 0);
	CHECK(counted(s, "fairlead_load_average").found == 0);
	CHECK(counted(s, "fairlead_cgroup_hierarchy_info").found == 0);
	return 0;
}

TEST_MAIN({ "a busy cgroup has no more lines than are allowed",
	    a_busy_cgroup_has_no_more_lines_than_are_allowed },
	  { "what is still 0 of a cgroup is left out, but for kills",
	    what_is_still_0_of_a_cgroup_is_left_out_but_for_kills },
	  { "what is not known has no line", what_is_not_known_has_no_line }, )
