/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/cgroup_files.h"

#include <string.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/probes/cgroup_names.h"
#include "agent/probes/cgroup_parse.h"
#include "tests/lib/bundle.h"
#include "tests/lib/test.h"

#define V2_POD                                                                                     \
	"/kubepods.slice/kubepods-burstable.slice/"                                                \
	"kubepods-burstable-pod11111111_2222_3333_4444_555555555555.slice"
#define CONTAINER    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define V2_CONTAINER V2_POD "/cri-containerd-" CONTAINER ".scope"
#define V1_CONTAINER "/kubepods/burstable/pod11111111-2222-3333-4444-555555555555/" CONTAINER

/* A machine of a fixture, and what is read of it. */
struct rig {
	char root[32];
	struct cgroup_names *cgroups, *blkio;
	struct cgroup_files *files;
	struct cgroup_files_sample s;
};

static void rig_look(struct rig *r)
{
	if (cgroup_names_new(&r->cgroups, r->root, NULL))
		r->cgroups = NULL;
	if (cgroup_names_new(&r->blkio, r->root, "blkio"))
		r->blkio = NULL;
	if (cgroup_files_new(&r->files, r->root, r->cgroups, r->blkio))
		abort();
}

static void rig_open(struct rig *r, const char *one, const char *other)
{
	*r = (struct rig){ .root = "/tmp/fairlead-files-XXXXXX" };
	bundle_open(r->root, one);
	if (other)
		bundle_add(r->root, other);
	rig_look(r);
}

static void rig_close(struct rig *r)
{
	cgroup_files_sample_clear(&r->s);
	cgroup_files_free(r->files);
	cgroup_names_free(r->cgroups);
	cgroup_names_free(r->blkio);
	bundle_close(r->root);
}

static const struct cgroup_use *find(const struct rig *r, const char *path)
{
	static const struct cgroup_use none;

	for (size_t i = 0; i < r->s.count; i++)
		if (!strcmp(r->s.rows[i].path, path))
			return &r->s.rows[i].use;
	return &none;
}

static int read_at(struct rig *r, uint64_t seconds, bool briefly)
{
	return cgroup_files_read(r->files, seconds * NS_PER_SEC, briefly, &r->s);
}

static int a_v2_container_is_read(void)
{
	CLEANUP(rig_close) struct rig r;
	const struct cgroup_use *u;
	char from[USE_FROM_TEXT];

	rig_open(&r, "v2", NULL);
	CHECK(read_at(&r, 1, false) == 0 && !r.s.refused && !r.s.unread);
	CHECK(r.s.count == 7); /* three above the container, two of systemd, the root */
	u = find(&r, V2_CONTAINER);
	CHECK(!strcmp(cgroup_use_from(u, from), "v2"));
	CHECK(u->cpu.usage_ns == 750519000 && u->cpu.user_ns == 214434000);
	CHECK(u->throttling.periods == 42 && u->throttling.throttled_periods == 36);
	CHECK(u->throttling.throttled_ns == 2747846000);
	CHECK(u->memory.used_bytes == 65536 && u->memory.peak_bytes == 33554432);
	CHECK(u->memory.limit_bytes == 33554432 && u->memory.oom_kills == 1);
	CHECK(u->memory.limit_hits == 35 && u->memory.swap_bytes == 0);
	CHECK(u->io.read_bytes == 6553600 && u->io.written_bytes == 1966080);
	CHECK(u->io.reads == 100 && u->io.writes == 30 && u->version[USE_PIDS] == 2);
	CHECK(u->pressure[PRESSURE_CPU].some_ns == 2532004000);
	CHECK(u->pressure[PRESSURE_IO].full_ns == 34322000);
	CHECK(find(&r, "/system.slice/ssh.service")->memory.limit_bytes == USE_NO_LIMIT);
	/* the root is the machine: it has no memory of its own */
	CHECK(find(&r, "/")->version[USE_CPU] && !find(&r, "/")->version[USE_MEMORY]);
	return 0;
}

static int v1_hierarchies_are_one_container(void)
{
	CLEANUP(rig_close) struct rig r;
	const struct cgroup_use *u;
	char from[USE_FROM_TEXT];

	rig_open(&r, "v1", NULL);
	CHECK(read_at(&r, 1, false) == 0 && !r.s.refused && r.s.count == 7);
	u = find(&r, V1_CONTAINER);
	CHECK(!strcmp(cgroup_use_from(u, from), "v1:cpu,throttling,memory,io,pids"));
	CHECK(u->cpu.usage_ns > 200000000 && u->cpu.usage_ns < 240000000);
	CHECK(u->cpu.user_ns % 10000000 == 0 && u->cpu.user_ns <= u->cpu.usage_ns + 20000000);
	CHECK(u->throttling.throttled_ns > 500000000 && u->throttling.periods);
	CHECK(u->memory.limit_bytes == 33554432 && u->memory.peak_bytes == 33554432);
	CHECK(u->memory.oom_kills == 1 && u->memory.limit_hits);
	CHECK(u->io.read_bytes == 6553600 && u->io.writes == 30);
	CHECK(find(&r, "/system.slice/ssh.service")->memory.limit_bytes == USE_NO_LIMIT);
	for (size_t i = 0; i < r.s.count; i++)
		CHECK(!r.s.rows[i].id); /* no number of the cgroup2 hierarchy */
	CHECK(cgroup_files_version(r.files, USE_CPU) == 1);
	CHECK(cgroup_files_version(r.files, USE_PRESSURE) == 0);
	return 0;
}

static int beside_v1_only_the_rest_is_of_v2(void)
{
	CLEANUP(rig_close) struct rig r;
	const struct cgroup_use *u;
	char from[USE_FROM_TEXT];

	rig_open(&r, "v1", "hybrid");
	CHECK(read_at(&r, 1, false) == 0 && r.s.count == 7);
	u = find(&r, "/system.slice/ssh.service");
	CHECK(!strcmp(cgroup_use_from(u, from), "v1:cpu,throttling,memory,io,pids v2:pressure"));
	CHECK(u->pressure[PRESSURE_CPU].some_ns);
	CHECK(u->cpu.usage_ns != 1006430000); /* which the cgroup2 hierarchy says */
	CHECK(!find(&r, V1_CONTAINER)->version[USE_PRESSURE]);
	return 0;
}

static int without_any_hierarchy_there_are_no_rows(void)
{
	CLEANUP(rig_close) struct rig r = { .root = "/tmp/fairlead-files-XXXXXX" };

	bundle_open(r.root, NULL);
	bundle_write(r.root, "proc/self/mountinfo", "25 1 0:22 / /proc rw - proc proc rw\n");
	rig_look(&r);
	CHECK(read_at(&r, 1, false) == 0 && !r.s.count && !r.s.refused);
	return 0;
}

static int what_vanishes_half_way_is_left_out(void)
{
	CLEANUP(rig_close) struct rig r;
	char command[1024];

	rig_open(&r, "v2", NULL);
	snprintf(command, sizeof(command), "rm -r %s/sys/fs/cgroup%s", r.root, V2_CONTAINER);
	CHECK(system(command) == 0);
	CHECK(read_at(&r, 1, false) == 0 && r.s.count == 6 && !r.s.refused && !r.s.unread);
	return 0;
}

/* Root may read all: be somebody else for a moment. */
static int what_is_not_for_our_eyes_is_counted(void)
{
	CLEANUP(rig_close) struct rig r;
	bool root = geteuid() == 0;
	char path[1024];
	int e;

	rig_open(&r, "v2", NULL);
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup%s/memory.stat", r.root, V2_CONTAINER);
	CHECK(chmod(path, 0) == 0);
	CHECK(!root || seteuid(65534) == 0);
	e = read_at(&r, 1, false);
	CHECK(!root || seteuid(0) == 0);
	CHECK(e == 0 && r.s.refused == 1 && r.s.count == 7);
	CHECK(find(&r, V2_CONTAINER)->memory.limit_bytes == 33554432);
	return 0;
}

static int cgroups_beyond_the_most_are_counted(void)
{
	CLEANUP(rig_close) struct rig r;
	char path[64];

	rig_open(&r, "v2", NULL);
	for (int i = 0; i < CGROUP_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "sys/fs/cgroup/many/%d/memory.current", i);
		bundle_write(r.root, path, "4096\n");
	}
	CHECK(cgroup_names_refresh(r.cgroups) == 0);
	CHECK(read_at(&r, 1, false) == 0 && r.s.count == CGROUP_FILES_MAX);
	CHECK(r.s.unread == 8); /* the fixture's seven, and the one above the many */
	return 0;
}

static void set_used(const struct rig *r, const char *bytes)
{
	bundle_write(r->root, "sys/fs/cgroup/system.slice/ssh.service/memory.current", bytes);
}

static uint64_t used(const struct rig *r)
{
	return find(r, "/system.slice/ssh.service")->memory.used_bytes;
}

static int a_quiet_cgroup_is_not_read_again_for_a_while(void)
{
	CLEANUP(rig_close) struct rig r;

	rig_open(&r, "v2", NULL);
	set_used(&r, "1\n");
	CHECK(read_at(&r, 1, true) == 0 && read_at(&r, 2, true) == 0 && used(&r) == 1);
	set_used(&r, "2\n");
	CHECK(read_at(&r, 3, true) == 0 && used(&r) == 1);
	CHECK(read_at(&r, 4, false) == 0 && used(&r) == 2); /* who wants all gets all */
	set_used(&r, "3\n");
	CHECK(read_at(&r, 5, false) == 0 && used(&r) == 2); /* but not twice in so short a time */
	CHECK(read_at(&r, 6, false) == 0 && used(&r) == 3);
	set_used(&r, "4\n");
	CHECK(read_at(&r, 15, true) == 0 && used(&r) == 3);
	CHECK(read_at(&r, 21, true) == 0 && used(&r) == 4);
	return 0;
}

static int a_cgroup_that_ran_or_stood_still_is_read_again(void)
{
	CLEANUP(rig_close) struct rig r;
	const char *stat = "sys/fs/cgroup/system.slice/ssh.service/cpu.stat";
	const char *stalled = "sys/fs/cgroup/system.slice/ssh.service/io.pressure";

	rig_open(&r, "v2", NULL);
	CHECK(read_at(&r, 1, false) == 0 && read_at(&r, 2, false) == 0);
	bundle_write(r.root, stat, "usage_usec 9\nuser_usec 8\nsystem_usec 1\n");
	bundle_write(r.root, stalled, "some avg10=0 total=5\nfull avg10=0 total=5\n");
	set_used(&r, "1\n");
	CHECK(read_at(&r, 3, false) == 0 && used(&r) == 1);
	set_used(&r, "2\n"); /* it may stand still yet */
	CHECK(read_at(&r, 4, false) == 0 && used(&r) == 2);
	set_used(&r, "3\n"); /* it does not */
	CHECK(read_at(&r, 5, false) == 0 && used(&r) == 2);
	return 0;
}

#define SSH "sys/fs/cgroup/system.slice/ssh.service/"

static void set_stalled(const struct rig *r, const char *ms)
{
	char text[128];

	snprintf(text, sizeof(text), "some avg10=0 total=%s000\nfull avg10=0 total=0\n", ms);
	bundle_write(r->root, SSH "io.pressure", text);
}

static uint64_t stalled_ms(const struct rig *r)
{
	return find(r, "/system.slice/ssh.service")->pressure[PRESSURE_IO].some_ns / NS_PER_MSEC;
}

static int pressures_are_read_again_where_something_ran(void)
{
	CLEANUP(rig_close) struct rig r;

	rig_open(&r, "v2", NULL);
	CHECK(read_at(&r, 1, false) == 0 && read_at(&r, 11, false) == 0);
	set_stalled(&r, "7");
	set_used(&r, "1\n");
	CHECK(read_at(&r, 21, false) == 0 && stalled_ms(&r) != 7 && used(&r) == 1);
	bundle_write(r.root, SSH "cpu.stat", "usage_usec 9\nuser_usec 8\nsystem_usec 1\n");
	CHECK(read_at(&r, 31, false) == 0 && stalled_ms(&r) == 7);
	set_stalled(&r, "8"); /* it may stand still yet */
	CHECK(read_at(&r, 41, false) == 0 && stalled_ms(&r) == 8);
	CHECK(read_at(&r, 51, false) == 0);
	set_stalled(&r, "9");
	CHECK(read_at(&r, 85, false) == 0 && stalled_ms(&r) == 8);
	CHECK(read_at(&r, 157, false) == 0 && stalled_ms(&r) == 9); /* none is believed for ever */
	return 0;
}

static uint64_t bytes_read(const struct rig *r)
{
	return find(r, "/system.slice/ssh.service")->io.read_bytes;
}

static int beside_v1_pressures_and_what_was_read_and_written_are_kept_by_what_cgroup2_says(void)
{
	CLEANUP(rig_close) struct rig r;
	const char *stat = "sys/fs/cgroup/unified/system.slice/ssh.service/cpu.stat";
	const char *stalled = "sys/fs/cgroup/unified/system.slice/ssh.service/io.pressure";
	const char *bytes = "sys/fs/cgroup/blkio/system.slice/ssh.service/"
			    "blkio.throttle.io_service_bytes_recursive";

	rig_open(&r, "v1", "hybrid");
	CHECK(read_at(&r, 1, false) == 0 && read_at(&r, 11, false) == 0);
	bundle_write(r.root, stalled, "some avg10=0 total=7000\nfull avg10=0 total=0\n");
	bundle_write(r.root, bytes, "8:0 Read 7\n8:0 Write 0\n");
	CHECK(read_at(&r, 21, false) == 0 && stalled_ms(&r) != 7 && bytes_read(&r) != 7);
	CHECK(bytes_read(&r) && find(&r, "/system.slice/ssh.service")->version[USE_IO] == 1);
	bundle_write(r.root, stat, "usage_usec 9\nuser_usec 8\nsystem_usec 1\n");
	CHECK(read_at(&r, 31, false) == 0 && stalled_ms(&r) == 7 && bytes_read(&r) == 7);
	CHECK(find(&r, "/system.slice/ssh.service")->version[USE_CPU] == 1);
	bundle_write(r.root, bytes, "8:0 Read 9\n8:0 Write 0\n");
	CHECK(read_at(&r, 41, false) == 0 && bytes_read(&r) == 9); /* it may be at work yet */
	CHECK(read_at(&r, 51, false) == 0);
	bundle_write(r.root, bytes, "8:0 Read 11\n8:0 Write 0\n");
	CHECK(read_at(&r, 61, false) == 0 && bytes_read(&r) == 9);
	bundle_write(r.root, "sys/fs/cgroup/cpu,cpuacct/system.slice/ssh.service/cpuacct.usage",
		     "999999999999\n");
	CHECK(read_at(&r, 71, false) == 0 && bytes_read(&r) == 11); /* v1's tasks ran */
	return 0;
}

static int what_only_cgroup2_has_is_counted_there_beside_v1(void)
{
	CLEANUP(rig_close) struct rig r;
	const char *stat = "sys/fs/cgroup/unified/alone/cpu.stat";
	char from[USE_FROM_TEXT];

	rig_open(&r, "v1", "hybrid");
	bundle_write(r.root, stat, "usage_usec 9\nuser_usec 8\nsystem_usec 1\n");
	CHECK(cgroup_names_refresh(r.cgroups) == 0 && read_at(&r, 1, false) == 0);
	CHECK(!strcmp(cgroup_use_from(find(&r, "/alone"), from), "v2"));
	CHECK(find(&r, "/alone")->cpu.usage_ns == 9000);
	CHECK(cgroup_files_version(r.files, USE_CPU) == 1);
	return 0;
}

static int who_asks_again_and_again_is_told_what_was_read_a_while_ago(void)
{
	CLEANUP(rig_close) struct rig r;

	rig_open(&r, "v2", NULL);
	set_used(&r, "1\n");
	CHECK(read_at(&r, 1, true) == 0 && used(&r) == 1);
	set_used(&r, "2\n");
	CHECK(read_at(&r, 10, true) == 0 && used(&r) == 1);
	CHECK(read_at(&r, 16, true) == 0 && used(&r) == 2);
	set_used(&r, "3\n");
	CHECK(read_at(&r, 19, false) == 0 && used(&r) == 3);
	set_used(&r, "4\n");
	bundle_write(r.root, "sys/fs/cgroup/new/cgroup.procs", "");
	CHECK(cgroup_names_refresh(r.cgroups) == 0);
	CHECK(read_at(&r, 28, true) == 0 && used(&r) == 3 &&
	      r.s.count == 7); /* not even looked at */
	CHECK(read_at(&r, 35, true) == 0 && used(&r) == 4);
	return 0;
}

static int what_makes_no_sense_is_not_known(void)
{
	struct cgroup_use u = { 0 };

	for (size_t c = 0; c < cgroup_controller_count; c++)
		for (const struct cgroup_file *f = cgroup_controllers[c].files; f->name; f++) {
			f->parse(&u, "");
			f->parse(&u, "-1\n");
			f->parse(&u, "nonsense 5\n\n=\n8:0\n");
		}
	for (int of = 0; of < _USE_MAX; of++)
		CHECK(of == USE_IO || !u.version[of]); /* no I/O is an empty io.stat */
	CHECK(!u.io.reads);
	return 0;
}

static int only_what_both_readings_have_is_known_of_a_window(void)
{
	struct cgroup_use d, then = { .version = { [USE_CPU] = 2 }, .cpu.usage_ns = 40 };
	struct cgroup_use now = { .version = { [USE_CPU] = 2, [USE_MEMORY] = 2 },
				  .cpu.usage_ns = 100,
				  .memory.used_bytes = 7 };

	cgroup_use_between(&d, &then, &now);
	CHECK(d.version[USE_CPU] == 2 && d.cpu.usage_ns == 60);
	CHECK(!d.version[USE_MEMORY] && d.memory.used_bytes == 7);
	cgroup_use_between(&d, NULL, &now);
	CHECK(d.version[USE_MEMORY] == 2 && d.cpu.usage_ns == 100);
	then.cpu.usage_ns = 500; /* of one that was removed and made anew */
	cgroup_use_between(&d, &then, &now);
	CHECK(d.cpu.usage_ns == 100);
	return 0;
}

TEST_MAIN({ "a v2 container is read", a_v2_container_is_read },
	  { "v1 hierarchies are one container", v1_hierarchies_are_one_container },
	  { "beside v1 only the rest is of v2", beside_v1_only_the_rest_is_of_v2 },
	  { "without any hierarchy there are no rows", without_any_hierarchy_there_are_no_rows },
	  { "what vanishes half-way is left out", what_vanishes_half_way_is_left_out },
	  { "what is not for our eyes is counted", what_is_not_for_our_eyes_is_counted },
	  { "cgroups beyond the most are counted", cgroups_beyond_the_most_are_counted },
	  { "a quiet cgroup is not read again for a while",
	    a_quiet_cgroup_is_not_read_again_for_a_while },
	  { "pressures are read again where something ran",
	    pressures_are_read_again_where_something_ran },
	  { "beside v1, pressures and what was read and written are kept by what cgroup2 says",
	    beside_v1_pressures_and_what_was_read_and_written_are_kept_by_what_cgroup2_says },
	  { "what only cgroup2 has is counted there, beside v1",
	    what_only_cgroup2_has_is_counted_there_beside_v1 },
	  { "who asks again and again is told what was read a while ago",
	    who_asks_again_and_again_is_told_what_was_read_a_while_ago },
	  { "a cgroup that ran or stood still is read again",
	    a_cgroup_that_ran_or_stood_still_is_read_again },
	  { "what makes no sense is not known", what_makes_no_sense_is_not_known },
	  { "only what both readings have is known of a window",
	    only_what_both_readings_have_is_known_of_a_window }, )
