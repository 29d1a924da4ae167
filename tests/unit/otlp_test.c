/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is read back by protoc with the official files, not by our own code. */
#include "exporters/otlp/otlp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/families.h"
#include "exporters/otlp/names.h"
#include "exporters/out.h"
#include "tests/lib/test.h"

static struct snapshot *example(void)
{
	struct snapshot *s = NULL;

	if (snapshot_new(&s, 1, 1, 1, 1))
		abort();
	s->wall_ns = 3000;
	s->loaded_wall_ns = 2000;
	s->booted_wall_ns = 1000;
	strcpy(s->version, "1.2");
	strcpy(s->host, "worker-3");
	s->cpus[0].cpu = 7;
	s->cpus[0].wait_total.slots[0] = 5;
	s->cpus[0].wait_total.slots[2] = 2;
	s->cpus[0].wait_total.slots[4] = 300;
	s->cpus[0].wait_total.sum_ns = 1500000001;
	strcpy(s->cgroups[0].path, "/a\"\\b\n/\xff/\xc3\xa9");
	strcpy(s->cgroups[0].pod, "0e1f");
	s->cgroups[0].sched_total[SCHED_WAITS] = 9;
	s->cgroups[0].wait_total.slots[27] = 7;
	s->cgroups[0].wait_total.sum_ns = 250;
	strcpy(s->disks[0].name, "sda");
	s->disks[0].total[DISK_READ].ios = 3;
	s->disks[0].total[DISK_READ].bytes = (1ull << 53) - 1;
	s->memory = (struct memory){ .known = true,
				     .total_bytes = 1000,
				     .available_bytes = 700,
				     .free_bytes = 200,
				     .major_faults = 9 };
	s->network_total.count = 1;
	strcpy(s->network_total.interfaces[0].name, "eth0");
	s->network_total.interfaces[0].received.bytes = 11;
	s->network_total.interfaces[0].received.packets = 12;
	return s;
}

/* One space for all the white between two words, so that a test can say what it wants. */
static void squeeze(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (!isspace((unsigned char)*text))
			*to++ = *text;
		else if (to[-1] != ' ')
			*to++ = ' ';
	*to = '\0';
}

/* The request in protobuf's text form; the caller's to free, NULL when protoc refused it. */
static char *decoded(const struct out *request)
{
	char path[] = "/tmp/fairlead-otlp-XXXXXX", command[512];
	int fd = mkstemp(path);
	char *text = malloc(1 << 20);
	FILE *pipe;
	size_t n;

	if (fd < 0 || !text || write(fd, request->data, request->size) != (ssize_t)request->size)
		abort();
	close(fd);
	snprintf(command, sizeof(command),
		 "protoc -I /usr/include --decode="
		 "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest "
		 "opentelemetry/proto/collector/metrics/v1/metrics_service.proto <%s",
		 path);
	pipe = popen(command, "r"); // NOLINT(cert-env33-c): a fixed command
	if (!pipe)
		abort();
	n = fread(text, 1, (1 << 20) - 1, pipe);
	text[n] = '\0';
	unlink(path);
	if (pclose(pipe)) {
		free(text);
		return NULL;
	}
	squeeze(text);
	return text;
}

static char *written(const char *node)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	struct out out = { 0 };
	char *text;

	if (otlp_write(s, node, &out))
		abort();
	text = decoded(&out);
	out_free(&out);
	return text;
}

/* The metric of this name, from there to the next one; the caller's to free. */
static char *metric(const char *text, const char *name)
{
	char head[128];
	const char *begin, *end;

	snprintf(head, sizeof(head), "metrics { name: \"%s\" ", name);
	begin = strstr(text, head);
	if (!begin)
		return calloc(1, 1);
	end = strstr(begin + 1, " metrics { name: ");
	return end ? strndup(begin, (size_t)(end - begin)) : strdup(begin);
}

static bool has(const char *text, const char *part)
{
	if (!strstr(text, part))
		printf("# no '%s' in: %.600s\n", part, text);
	return strstr(text, part) != NULL;
}

static int a_resource_says_who_sends(void)
{
	CLEANUP(freep) char *text = written("node-1");
	CLEANUP(freep) char *plain = written("");

	CHECK(text && plain);
	CHECK(has(text, "resource { attributes { key: \"service.name\" value { string_value: "
			"\"fairlead\" } }"));
	CHECK(has(text, "key: \"service.version\" value { string_value: \"1.2\" }"));
	CHECK(has(text, "key: \"host.name\" value { string_value: \"worker-3\" }"));
	CHECK(has(text, "key: \"k8s.node.name\" value { string_value: \"node-1\" }"));
	CHECK(!strstr(plain, "k8s.node.name"));
	CHECK(has(text, "scope { name: \"fairlead\" version: \"1.2\" }"));
	return 0;
}

static int a_counter_has_its_semantic_name_and_is_whole(void)
{
	CLEANUP(freep) char *text = written("");
	CLEANUP(freep) char *one = metric(text, "system.disk.io");

	CHECK(has(one,
		  "unit: \"By\" sum { data_points { start_time_unix_nano: 2000 "
		  "time_unix_nano: 3000 as_int: 9007199254740991 "
		  "attributes { key: \"system.device\" value { string_value: \"sda\" } } "
		  "attributes { key: \"disk.io.direction\" value { string_value: \"read\" } } }"));
	CHECK(has(one, "aggregation_temporality: AGGREGATION_TEMPORALITY_CUMULATIVE "
		       "is_monotonic: true }"));
	CHECK(!strstr(text, "name: \"fairlead_")); /* no name of Prometheus' fashion is left */
	return 0;
}

static int what_the_kernel_counts_began_at_boot(void)
{
	CLEANUP(freep) char *text = written("");
	CLEANUP(freep) char *faults = metric(text, "system.paging.faults");
	CLEANUP(freep) char *io = metric(text, "system.network.io");
	CLEANUP(freep) char *packets = metric(text, "system.network.packet.count");

	CHECK(has(faults, "start_time_unix_nano: 1000 time_unix_nano: 3000 as_int: 9 attributes { "
			  "key: \"system.paging.fault.type\" value { string_value: \"major\" } }"));
	CHECK(has(io, "as_int: 11 attributes { key: \"network.interface.name\" value { "
		      "string_value: \"eth0\" } } attributes { key: \"network.io.direction\" "
		      "value { string_value: \"receive\" } }"));
	CHECK(has(packets, "as_int: 12 attributes { key: \"system.device\" value"));
	return 0;
}

static int what_adds_up_is_a_sum_that_may_fall(void)
{
	CLEANUP(freep) char *text = written("");
	CLEANUP(freep) char *one = metric(text, "system.memory.usage");

	CHECK(has(one, "unit: \"By\" sum {"));
	CHECK(has(one, "as_int: 300 attributes { key: \"system.memory.state\" value { "
		       "string_value: \"used\" } }"));
	CHECK(has(one, "AGGREGATION_TEMPORALITY_CUMULATIVE }"));
	CHECK(!strstr(one, "is_monotonic"));
	return 0;
}

static int slots_are_exponential_buckets_exactly(void)
{
	CLEANUP(freep) char *text = written("");
	CLEANUP(freep) char *one = metric(text, "fairlead.sched.wait");

	/* slot 2 is [2^11, 2^12) ns, which is the bucket of index 11; slot 0 is at most 1023 ns */
	CHECK(has(one, "unit: \"ns\" exponential_histogram { data_points { attributes { key: "
		       "\"cpu.logical_number\" value { int_value: 7 } } start_time_unix_nano: 2000 "
		       "time_unix_nano: 3000 count: 307 sum: 1500000001 zero_count: 5 positive { "
		       "offset: 11 bucket_counts: 2 bucket_counts: 0 bucket_counts: 300 } "
		       "zero_threshold: 1023 }"));
	CHECK(has(one, "aggregation_temporality: AGGREGATION_TEMPORALITY_CUMULATIVE"));
	return 0;
}

static int a_cgroup_has_attributes_of_what_it_is_in(void)
{
	CLEANUP(freep) char *text = written("");
	CLEANUP(freep) char *one = metric(text, "fairlead.cgroup.sched_wait");

	/* 9 waits, 7 of which were counted by how long they were: the count is that of the buckets */
	CHECK(has(one, "exponential_histogram { data_points { attributes { key: \"cgroup\" value { "
		       "string_value: \"/a\\\"\\\\b\\n/?/\\303\\251\" } } attributes { key: "
		       "\"k8s.pod.uid\" value { string_value: \"0e1f\" } } "));
	CHECK(has(one, "count: 7 sum: 250 positive { offset: 36 bucket_counts: 7 }"));
	CHECK(!strstr(one, "container.id")); /* it is in none */
	return 0;
}

static int every_row_has_a_name_of_its_own(void)
{
	char a[NAMES_MAX], b[NAMES_MAX];

	for (size_t i = 0; i < family_count; i++) {
		names_metric(&families[i], a);
		CHECK(families[i].name || families[i].semantic);
		CHECK(!strncmp(a, "system.", 7) || !strncmp(a, "fairlead.", 9));
		for (size_t k = 0; k < i; k++) {
			names_metric(&families[k], b);
			CHECK(strcmp(a, b));
		}
	}
	return 0;
}

static int nothing_measured_is_still_a_request(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	CLEANUP(freep) char *text = NULL;
	struct out out = { 0 };

	CHECK(snapshot_new(&s, 0, 0, 0, 0) == 0);
	CHECK(otlp_write(s, "", &out) == 0);
	text = decoded(&out);
	out_free(&out);
	CHECK(text && has(text, "fairlead.build.info"));
	return 0;
}

TEST_MAIN({ "a resource says who sends", a_resource_says_who_sends },
	  { "a counter has its semantic name and is whole",
	    a_counter_has_its_semantic_name_and_is_whole },
	  { "what the kernel counts began at boot", what_the_kernel_counts_began_at_boot },
	  { "what adds up is a sum that may fall", what_adds_up_is_a_sum_that_may_fall },
	  { "slots are exponential buckets exactly", slots_are_exponential_buckets_exactly },
	  { "a cgroup has attributes of what it is in", a_cgroup_has_attributes_of_what_it_is_in },
	  { "every row has a name of its own", every_row_has_a_name_of_its_own },
	  { "nothing measured is still a request", nothing_measured_is_still_a_request }, )
