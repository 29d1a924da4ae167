/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/json/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/snapshot/finding.h"
#include "agent/snapshot/history.h"
#include "agent/snapshot/snapshot.h"
#include "tests/lib/test.h"

static struct snapshot *example(void)
{
	struct snapshot *s = NULL;

	if (snapshot_new(&s, 2, 1, 1, 1))
		abort();
	s->window_ns = 1500000000;
	strcpy(s->host, "node");
	s->cpus[1].cpu = 1;
	s->cpus[1].online = true;
	s->cpus[1].wait.slots[0] = 5;
	s->cpus[1].wait.slots[27] = 1;
	s->cpus[1].wait.sum_ns = 123456789;
	s->cgroups[0].id = 4242;
	s->cgroups[0].sched_total[SCHED_WAITS] = 7;
	s->cgroups[0].sched_total[SCHED_WAIT_NS] = 987654321123456;
	strcpy(s->cgroups[0].path, "/a/\xff");
	s->waiter_count = 1;
	s->waiters[0] = (struct waiter_snapshot){
		.thread = 99, .name = "cc1", .waits = 3, .wait_ns = 4000000, .longest_ns = 2000000
	};
	s->cgroups[0].use_total.version[USE_MEMORY] = 1;
	s->cgroups[0].use_total.version[USE_CPU] = 2;
	s->cgroups[0].use_total.version[USE_PRESSURE] = 2;
	s->cgroups[0].use.version[USE_CPU] = 2;
	s->cgroups[0].use.cpu.usage_ns = 250000000;
	s->cgroups[0].use_total.cpu.usage_ns = 987654321123456;
	s->cgroups[0].use_total.memory.used_bytes = 4096;
	s->cgroups[0].use_total.memory.limit_bytes = USE_NO_LIMIT;
	s->cgroups[0].use_total.memory.oom_kills = 3;
	s->cgroups[0].use_total.pressure[PRESSURE_IO] =
		(struct pressure){ .known = true, .some_ns = 7000 };
	s->cpus[1].time_total.known = true;
	s->cpus[1].time_total.ns[CPU_STEAL] = 30000000;
	s->node.filesystem_count = 1;
	strcpy(s->node.filesystems[0].path, "/data");
	s->node.filesystems[0].size_bytes = 1000;
	s->node.system = (struct system_use){ .known = true, .load = { 0.5 }, .forks = 9 };
	s->cgroups_unread = 12;
	s->disks_measured = true;
	s->disks[0].known = true;
	s->disks[0].in_flight = 3;
	strcpy(s->disks[0].name, "sda");
	s->disks[0].op[DISK_WRITE].ios = 9;
	s->disks[0].op[DISK_WRITE].device.slots[12] = 9;
	s->disks[0].total[DISK_WRITE].errors = 1;
	strcpy(s->shares[0].disk, "sda");
	s->shares[0].op[DISK_WRITE] = (struct share_count){ .ios = 9, .bytes = 36864 };
	s->shares[0].total[DISK_WRITE] = s->shares[0].op[DISK_WRITE];
	losses_add(&s->lost, "beats", 3);
	return s;
}

static int what_is_written_is_read_back(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	CLEANUP(snapshot_freep) struct snapshot *back = NULL;
	CLEANUP(freep) char *text = json_snapshot(s);

	CHECK(text && json_read_snapshot(text, strlen(text), &back) == 0);
	CHECK(back->window_ns == s->window_ns && !strcmp(back->host, "node"));
	CHECK(back->cpu_count == 2 && back->cpus[1].online && !back->cpus[0].online);
	CHECK(!memcmp(&back->cpus[1].wait, &s->cpus[1].wait, sizeof(s->cpus[1].wait)));
	CHECK(back->cgroups[0].id == 4242 && back->cgroups[0].sched_total[SCHED_WAITS] == 7);
	CHECK(back->disks_measured && back->disk_count == 1 && back->share_count == 1);
	CHECK(!strcmp(back->disks[0].name, "sda") && back->disks[0].in_flight == 3);
	CHECK(!memcmp(&back->disks[0].op, &s->disks[0].op, sizeof(s->disks[0].op)));
	CHECK(snapshot_share(back, 0, DISK_WRITE).bytes == 36864);
	CHECK(snapshot_share(back, 0, DISK_READ).ios == 0);
	CHECK(back->waiter_count == 1 && back->waiters[0].cgroup == 0);
	CHECK(!memcmp(&back->waiters[0], &s->waiters[0], sizeof(s->waiters[0])));
	CHECK(back->lost.count == 1 && back->lost.rows[0].count == 3);
	CHECK(!strcmp(back->lost.rows[0].where, "beats"));
	return 0;
}

static int what_the_kernels_files_say_is_read_back(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	CLEANUP(snapshot_freep) struct snapshot *back = NULL;
	CLEANUP(freep) char *text = json_snapshot(s);
	const struct cgroup_use *total, *window;
	char from[USE_FROM_TEXT];

	CHECK(text && json_read_snapshot(text, strlen(text), &back) == 0);
	total = &back->cgroups[0].use_total;
	window = &back->cgroups[0].use;
	CHECK(!strcmp(cgroup_use_from(total, from), "v1:memory v2:cpu,pressure"));
	CHECK(total->cpu.usage_ns == 987654321123456 && window->cpu.usage_ns == 250000000);
	CHECK(window->version[USE_CPU] == 2 && !window->version[USE_MEMORY]);
	CHECK(!window->version[USE_PRESSURE] && !total->version[USE_IO]);
	CHECK(total->memory.used_bytes == 4096 && total->memory.limit_bytes == USE_NO_LIMIT);
	CHECK(total->memory.oom_kills == 3 && total->pressure[PRESSURE_IO].some_ns == 7000);
	CHECK(!total->pressure[PRESSURE_CPU].known && back->cgroups_unread == 12);
	CHECK(back->cpus[1].time_total.ns[CPU_STEAL] == 30000000 && !back->cpus[1].time.known);
	CHECK(!back->cpus[0].time_total.known && back->node.system.load[0] == 0.5);
	CHECK(back->node.filesystem_count == 1 && back->node.filesystems[0].size_bytes == 1000);
	return 0;
}

static int what_is_not_measured_is_null_and_not_an_empty_list(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	CLEANUP(snapshot_freep) struct snapshot *back = NULL;
	CLEANUP(freep) char *text = NULL;

	s->disks_measured = false;
	text = json_snapshot(s);
	CHECK(text && strstr(text, "\"disks\":null"));
	CHECK(json_read_snapshot(text, strlen(text), &back) == 0 && !back->disks_measured);
	return 0;
}

static int eleven_days_of_waits_keep_their_nanoseconds(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	CLEANUP(snapshot_freep) struct snapshot *back = NULL;
	CLEANUP(freep) char *text = json_snapshot(s);

	CHECK(text && json_read_snapshot(text, strlen(text), &back) == 0);
	CHECK(back->cgroups[0].sched_total[SCHED_WAIT_NS] == 987654321123456);
	return 0;
}

static int a_name_that_is_no_text_is_still_json(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	CLEANUP(freep) char *text = json_snapshot(s);

	CHECK(text && strstr(text, "\"/a/?\""));
	return 0;
}

static int another_schema_is_refused(void)
{
	static const char other[] = "{\"schema\":\"fairlead/snapshot/v2\"}";
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct findings f;
	char kernel[65];

	CHECK(json_read_snapshot(other, strlen(other), &s) == -EBADMSG && !s);
	CHECK(json_read_findings(other, strlen(other), &f, kernel) == -EBADMSG);
	return 0;
}

static int more_findings_than_there_is_room_are_refused(void)
{
	CLEANUP(freep) char *text = malloc(65536);
	struct findings f;
	char kernel[65];
	size_t n;

	CHECK(text);
	n = (size_t)sprintf(text, "{\"schema\":\"fairlead/doctor/v1\",\"hooks\":[{\"name\":\"x\"}");
	for (int i = 0; i < FINDINGS_MAX; i++)
		n += (size_t)sprintf(text + n, ",{\"name\":\"x\"}");
	n += (size_t)sprintf(text + n, "]}");
	CHECK(json_read_findings(text, n, &f, kernel) == -EBADMSG);
	return 0;
}

static int only_the_keys_asked_for_are_kept(void)
{
	static const char text[] = "{\"schema\":\"x\",\"cpus\":[1.5],\"disks\":null,"
				   "\"node\":\"a\xc2\x9b\x7f\"}";
	static const char *const keys[] = { "cpus", "none" };
	CLEANUP(freep) char *kept = json_keep(text, strlen(text), keys, 2);
	CLEANUP(freep) char *all = json_keep(text, strlen(text), NULL, 0);

	CHECK(kept && !strcmp(kept, "{\"schema\":\"x\",\"cpus\":[1.5]}"));
	CHECK(all && strstr(all, "\"a\\u009B\\u007F\"") && strstr(all, "\"disks\":null"));
	CHECK(!json_keep("[1]", 3, NULL, 0) && !json_keep("{", 1, NULL, 0));
	return 0;
}

static int text_from_outside_comes_in_printable(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	CLEANUP(snapshot_freep) struct snapshot *back = NULL;
	CLEANUP(freep) char *text = NULL;

	strcpy(s->host, "a\033[2J");
	strcpy(s->cgroups[0].path, "/b\r\n");
	strcpy(s->cgroups[0].pod, "c\x7f");
	strcpy(s->disks[0].name, "d\a");
	text = json_snapshot(s);
	CHECK(text && json_read_snapshot(text, strlen(text), &back) == 0);
	CHECK(!strcmp(back->host, "a?[2J") && !strcmp(back->cgroups[0].path, "/b??"));
	CHECK(!strcmp(back->cgroups[0].pod, "c?") && !strcmp(back->disks[0].name, "d?"));
	return 0;
}

/* Read in pieces of one size, whatever that is. */
static char *history_text(size_t piece)
{
	struct history_snapshot *s = NULL;
	struct json_history *j = NULL;
	char *text = calloc(1, 4096);
	size_t length = 0;
	ssize_t n;

	if (!text || history_snapshot_new(&s, 2, 2))
		abort();
	s->step_ns = 1000000000;
	s->series[0] = (struct series_snapshot){ .name = "cpu_busy", .means = { NAN, 0.25f } };
	s->series[0].unit = s->series[1].unit = "ratio";
	s->series[1].name = "cgroup_run";
	strcpy(s->series[1].whose.cgroup, "/a\"\xff");
	s->values[0] = NAN;
	s->values[3] = 1e9f;
	if (json_history_new(&j, s))
		abort();
	while ((n = json_history_read(j, text + length, piece)) > 0)
		length += (size_t)n;
	json_history_free(j);
	return text;
}

static int a_history_is_the_same_in_pieces_of_any_size(void)
{
	static const char is[] =
		"{\"schema\":\"fairlead/history/v1\",\"end\":\"1970-01-01T00:00:00.000Z\","
		"\"step_seconds\":1,\"ewma_seconds\":[10,60],\"series\":[{\"name\":\"cpu_busy\","
		"\"unit\":\"ratio\",\"labels\":{},\"ewma\":[null,0.25],\"points\":[null,0]},"
		"{\"name\":\"cgroup_run\",\"unit\":\"ratio\",\"labels\":{\"cgroup\":\"/a\\\"?\","
		"\"pod\":\"\",\"container\":\"\",\"unit\":\"\"},\"ewma\":[0,0],"
		"\"points\":[0,1e+09]}]}";

	for (size_t piece = 1; piece < 1000; piece = piece * 3 + 1) {
		CLEANUP(freep) char *text = history_text(piece);

		CHECK(!strcmp(text, is));
	}
	return 0;
}

TEST_MAIN({ "what is written is read back", what_is_written_is_read_back },
	  { "what the kernel's files say is read back", what_the_kernels_files_say_is_read_back },
	  { "what is not measured is null and not an empty list",
	    what_is_not_measured_is_null_and_not_an_empty_list },
	  { "eleven days of waits keep their nanoseconds",
	    eleven_days_of_waits_keep_their_nanoseconds },
	  { "a name that is no text is still JSON", a_name_that_is_no_text_is_still_json },
	  { "another schema is refused", another_schema_is_refused },
	  { "only the keys asked for are kept", only_the_keys_asked_for_are_kept },
	  { "text from outside comes in printable", text_from_outside_comes_in_printable },
	  { "more findings than there is room are refused",
	    more_findings_than_there_is_room_are_refused },
	  { "a history is the same in pieces of any size",
	    a_history_is_the_same_in_pieces_of_any_size }, )
