/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/prometheus/prometheus.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/prometheus/families.h"
#include "tests/lib/test.h"

static struct snapshot *example(void)
{
	struct snapshot *s = NULL;

	if (snapshot_new(&s, 1, 1, 1, 1))
		abort();
	strcpy(s->version, "1.2");
	s->cpus[0].wait_total.slots[0] = 5;
	s->cpus[0].wait_total.slots[2] = 2;
	s->cpus[0].wait_total.slots[27] = 1;
	s->cpus[0].wait_total.sum_ns = 1500000000;
	strcpy(s->cgroups[0].path, "/a\"\\b\n/\xff/\xc3\xa9");
	s->cgroups[0].sched_total[SCHED_WAITS] = 7;
	s->cgroups[0].sched_total[SCHED_WAIT_NS] = 250000000;
	strcpy(s->disks[0].name, "sda");
	s->disks[0].total[DISK_READ].ios = 3;
	s->disks[0].total[DISK_READ].bytes = 12288;
	strcpy(s->shares[0].disk, "sda");
	s->shares[0].total[DISK_READ] = (struct share_count){ .ios = 3, .bytes = 12288 };
	return s;
}

static char *written(enum prometheus_format format)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();

	return prometheus_write(s, format);
}

static int has(const char *text, const char *line)
{
	return text && strstr(text, line) != NULL;
}

static int counters_and_gauges_are_lines(void)
{
	CLEANUP(freep) char *text = written(PROMETHEUS_TEXT);

	CHECK(has(text, "\n# TYPE fairlead_disk_ios_total counter\n"));
	CHECK(has(text, "\nfairlead_disk_ios_total{device=\"sda\",op=\"read\"} 3\n"));
	CHECK(has(text, "\nfairlead_disk_io_bytes_total{device=\"sda\",op=\"read\"} 12288\n"));
	CHECK(has(text, "\nfairlead_build_info{version=\"1.2\"} 1\n"));
	CHECK(!has(text, "fairlead_loop_lag_seconds 0")); /* there was no agent */
	return 0;
}

static int buckets_are_cumulative_and_end_with_all(void)
{
	CLEANUP(freep) char *text = written(PROMETHEUS_TEXT);

	CHECK(has(text, "fairlead_sched_wait_seconds_bucket{cpu=\"0\",le=\"1.024e-06\"} 5\n"));
	CHECK(has(text, "fairlead_sched_wait_seconds_bucket{cpu=\"0\",le=\"4.096e-06\"} 7\n"));
	CHECK(has(text, "fairlead_sched_wait_seconds_bucket{cpu=\"0\",le=\"+Inf\"} 8\n"));
	CHECK(has(text, "fairlead_sched_wait_seconds_sum{cpu=\"0\"} 1.5\n"));
	CHECK(has(text, "fairlead_sched_wait_seconds_count{cpu=\"0\"} 8\n"));
	return 0;
}

static int a_cgroup_has_sums_and_no_buckets(void)
{
	CLEANUP(freep) char *text = written(PROMETHEUS_TEXT);

	CHECK(has(text, "\n# TYPE fairlead_cgroup_sched_wait_seconds summary\n"));
	CHECK(has(text, "pod=\"\",container=\"\"} 0.25\n"));
	CHECK(!has(text, "fairlead_cgroup_sched_wait_seconds_bucket"));
	return 0;
}

static int a_name_of_any_bytes_is_a_label(void)
{
	CLEANUP(freep) char *text = written(PROMETHEUS_TEXT);

	CHECK(has(text, "{cgroup=\"/a\\\"\\\\b\\n/?/\xc3\xa9\",pod="));
	return 0;
}

static int openmetrics_speaks_of_families_and_says_when_it_ends(void)
{
	CLEANUP(freep) char *text = written(PROMETHEUS_OPENMETRICS);

	CHECK(has(text, "\n# TYPE fairlead_disk_ios counter\n"));
	CHECK(has(text, "\nfairlead_disk_ios_total{device=\"sda\",op=\"read\"} 3\n"));
	CHECK(has(text, "\n# UNIT fairlead_disk_io_bytes bytes\n"));
	CHECK(has(text, "# TYPE fairlead_build info\n"));
	CHECK(!strcmp(text + strlen(text) - 6, "# EOF\n"));
	return 0;
}

static int the_scraper_chooses(void)
{
	CHECK(prometheus_choose(NULL) == PROMETHEUS_TEXT);
	CHECK(prometheus_choose("text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == PROMETHEUS_TEXT);
	CHECK(prometheus_choose("application/openmetrics-text;version=1.0.0;q=0.8,text/plain") ==
	      PROMETHEUS_OPENMETRICS);
	return 0;
}

static int names_say_what_they_are(void)
{
	for (size_t i = 0; i < family_count; i++) {
		const struct family *f = &families[i];
		const char *tail = f->name + strlen(f->name);

		CHECK((f->kind == FAMILY_COUNTER) == !strcmp(tail - 6, "_total"));
		CHECK(!f->unit[0] || strstr(f->name, f->unit));
		CHECK(strlen(f->help) > 10 && tail[-1] != '_');
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(f->name, families[j].name));
	}
	return 0;
}

TEST_MAIN({ "counters and gauges are lines", counters_and_gauges_are_lines },
	  { "buckets are cumulative and end with all", buckets_are_cumulative_and_end_with_all },
	  { "a cgroup has sums and no buckets", a_cgroup_has_sums_and_no_buckets },
	  { "a name of any bytes is a label", a_name_of_any_bytes_is_a_label },
	  { "OpenMetrics speaks of families and says when it ends",
	    openmetrics_speaks_of_families_and_says_when_it_ends },
	  { "the scraper chooses", the_scraper_chooses },
	  { "names say what they are", names_say_what_they_are }, )
