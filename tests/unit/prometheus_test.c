/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/prometheus/prometheus.h"

#include <pb_decode.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/families.h"
#include "exporters/out.h"
#include "exporters/prometheus/accept.h"
#include "exporters/prometheus/metrics.pb.h"
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
	s->cgroups[0].wait_total.slots[20] = 6; /* the detail was off for one */
	s->cgroups[0].wait_total.sum_ns = 250000000;
	strcpy(s->disks[0].name, "sda");
	s->disks[0].total[DISK_READ].ios = 3;
	s->disks[0].total[DISK_READ].bytes = 12288;
	s->cgroups[0].disks_total[DISK_READ] = (struct share_count){ .ios = 3, .bytes = 12288 };
	losses_add(&s->lost, "sched_rows", 4);
	return s;
}

static char *written(enum prometheus_format format)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	struct out out = { 0 };

	if (prometheus_write(s, format, &out))
		abort();
	out_bytes(&out, "", 1); /* so that it is a string */
	return out.data;
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
	CHECK(has(text, "\nfairlead_lost_total{where=\"sched_rows\"} 4\n"));
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
	CHECK(has(text, "container=\"\",op=\"read\"} 12288\n"));
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

static int numbers_are_told_exactly_and_shortly(void)
{
	static const struct {
		double number;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ 9007199254740991.0, "9007199254740991" },
		{ 0.1, "0.1" },
		{ 1e-9, "0.000000001" },
		{ 12.000000305, "12.000000305" },
		{ 987654.321, "987654.321" },
		{ 1e300, "1.0000000000000001e+300" },
		{ 18446744073709551616.0, "1.8446744073709552e+19" },
		{ -1.5, "-1.5" },
		{ 1.0 / 3, "0.33333333333333331" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct out out = { 0 };

		out_number(&out, rows[i].number);
		out_bytes(&out, "", 1);
		CHECK(!out.failed && !strcmp(out.data, rows[i].text));
		CHECK(strtod(out.data, NULL) == rows[i].number);
		out_free(&out);
	}
	return 0;
}

static int a_server_chooses_by_q_then_by_detail_then_by_order(void)
{
	static const struct {
		const char *accept;
		enum prometheus_format format;
	} rows[] = {
		{ NULL, PROMETHEUS_TEXT },
		{ "", PROMETHEUS_TEXT },
		{ "*/*", PROMETHEUS_TEXT },
		{ "image/png", PROMETHEUS_TEXT },
		{ "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;version=1.0.0;q=0.8,text/plain", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;version=1.0.0,text/plain;q=0.8",
		  PROMETHEUS_OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0,"
		  "application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  PROMETHEUS_OPENMETRICS }, /* of Prometheus 2 */
		{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		  "encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,"
		  "application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  PROMETHEUS_PROTOBUF }, /* the same for native histograms */
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		  "text/plain;version=0.0.4;q=0.3",
		  PROMETHEUS_OPENMETRICS }, /* of Prometheus 3 */
		{ "application/openmetrics-text;version=2.0.0,text/plain;q=0.1", PROMETHEUS_TEXT },
		{ "application/vnd.google.protobuf;encoding=text,text/plain;q=0.1",
		  PROMETHEUS_TEXT },
		{ "APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\"", PROMETHEUS_OPENMETRICS },
		{ "text/*;q=0.1, application/*;q=0.2", PROMETHEUS_OPENMETRICS },
		{ "text/plain;q=0, */*", PROMETHEUS_OPENMETRICS },
		{ "text/plain;q=0.5, application/openmetrics-text;q=0.6;x=\"a,b;q=1\"",
		  PROMETHEUS_OPENMETRICS },
		{ "application/openmetrics-text;q=1.1, text/plain;q=0.1", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;q=nan, text/plain;q=0.1", PROMETHEUS_TEXT },
		{ ",,;;==\",", PROMETHEUS_TEXT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK(prometheus_choose(rows[i].accept) == rows[i].format);
	return 0;
}

static int gzip_is_given_to_those_who_ask_for_it(void)
{
	CHECK(!accept_gzip(NULL) && !accept_gzip("") && !accept_gzip("identity"));
	CHECK(accept_gzip("gzip") && accept_gzip("deflate, GZIP;q=0.2") && accept_gzip("*"));
	CHECK(!accept_gzip("gzip;q=0") && !accept_gzip("gzip;q=0.000, *"));
	CHECK(!accept_gzip("gzip;q=0.5, identity;q=0.9"));
	CHECK(accept_gzip("gzip;q=0.9, identity;q=0.9"));
	return 0;
}

/* --- protobuf, read by what the same schema made --- */

/* The family of this name: its bytes behind the name, or NULL. */
static const char *find_family(const struct out *out, const char *name, pb_istream_t *ret)
{
	pb_istream_t all = pb_istream_from_buffer((const pb_byte_t *)out->data, out->size);

	while (all.bytes_left) {
		const char *begin;
		uint32_t size;

		if (!pb_decode_varint32(&all, &size) || size > all.bytes_left)
			abort();
		begin = out->data + out->size - all.bytes_left;
		*ret = pb_istream_from_buffer((const pb_byte_t *)begin, size);
		if (begin[1] == (char)strlen(name) && !memcmp(begin + 2, name, strlen(name)))
			return begin;
		if (!pb_read(&all, NULL, size))
			abort();
	}
	return NULL;
}

/* The histogram of the family's first metric. */
static bool first_histogram(pb_istream_t *family, io_prometheus_client_Histogram *ret)
{
	pb_wire_type_t wire;
	uint32_t tag;
	bool eof;

	while (pb_decode_tag(family, &wire, &tag, &eof)) {
		pb_istream_t metric;

		if (tag != io_prometheus_client_MetricFamily_metric_tag) {
			if (!pb_skip_field(family, wire))
				return false;
			continue;
		}
		if (!pb_make_string_substream(family, &metric))
			return false;
		while (pb_decode_tag(&metric, &wire, &tag, &eof)) {
			if (tag == io_prometheus_client_Metric_histogram_tag)
				return pb_decode_ex(&metric, io_prometheus_client_Histogram_fields,
						    ret, PB_DECODE_DELIMITED);
			if (!pb_skip_field(&metric, wire))
				return false;
		}
		return false;
	}
	return false;
}

static int protobuf_has_both_kinds_of_buckets(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	io_prometheus_client_Histogram h;
	struct out out = { 0 };
	pb_istream_t family;

	CHECK(prometheus_write(s, PROMETHEUS_PROTOBUF, &out) == 0);
	CHECK(find_family(&out, "fairlead_sched_wait_seconds", &family));
	CHECK(first_histogram(&family, &h));
	CHECK(h.sample_count == 8 && h.sample_sum == 1.5);
	CHECK(h.bucket_count == 28 && h.bucket[0].cumulative_count == 5);
	CHECK(h.bucket[0].upper_bound == 1.024e-6 && h.bucket[26].cumulative_count == 7);
	CHECK(h.bucket[27].cumulative_count == 8 && h.bucket[27].upper_bound > 1e300);
	/* slot 0 is the zero bucket, slot 2 ends at 4.096 us, which is nearest to 2^-18 s */
	CHECK(h.schema == 0 && h.zero_count == 5 && h.zero_threshold == 1.0 / (1 << 20));
	CHECK(h.positive_span_count == 1 && h.positive_span[0].offset == -18);
	CHECK(h.positive_span[0].length == 26 && h.positive_delta_count == 26);
	CHECK(h.positive_delta[0] == 2 && h.positive_delta[1] == -2 && h.positive_delta[25] == 1);
	out_free(&out);
	return 0;
}

static int a_cgroup_has_native_buckets_alone(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	io_prometheus_client_Histogram h;
	struct out out = { 0 };
	pb_istream_t family;

	CHECK(prometheus_write(s, PROMETHEUS_PROTOBUF, &out) == 0);
	CHECK(find_family(&out, "fairlead_cgroup_sched_wait_seconds", &family));
	CHECK(first_histogram(&family, &h));
	CHECK(h.bucket_count == 0 && h.sample_count == 6 && h.sample_sum == 0.25);
	CHECK(h.zero_count == 0 && h.positive_span[0].offset == 0); /* up to 1.07 s: (0.5, 1] */
	CHECK(h.positive_span[0].length == 1 && h.positive_delta[0] == 6);
	out_free(&out);
	return 0;
}

static int protobuf_leaves_out_families_without_a_metric(void)
{
	CLEANUP(snapshot_freep) struct snapshot *s = example();
	struct out out = { 0 };
	pb_istream_t family;

	CHECK(prometheus_write(s, PROMETHEUS_PROTOBUF, &out) == 0);
	CHECK(find_family(&out, "fairlead_disk_ios_total", &family));
	CHECK(!find_family(&out, "fairlead_loop_lag_seconds", &family)); /* there was no agent */
	CHECK(memmem(out.data, out.size, "/a\"\\b\n/?/\xc3\xa9", 11));   /* UTF-8 here too */
	out_free(&out);
	return 0;
}

static int names_say_what_they_are(void)
{
	for (size_t i = 0; i < family_count; i++) {
		const struct family *f = &families[i];
		const char *tail;

		if (!f->name)
			continue;
		tail = f->name + strlen(f->name);
		CHECK((f->kind == FAMILY_COUNTER) == !strcmp(tail - 6, "_total"));
		CHECK(!f->unit[0] || strstr(f->name, f->unit));
		CHECK(strlen(f->help) > 10 && tail[-1] != '_');
		for (size_t j = 0; j < i && families[j].name; j++)
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
	  { "numbers are told exactly and shortly", numbers_are_told_exactly_and_shortly },
	  { "a server chooses by q, then by detail, then by order",
	    a_server_chooses_by_q_then_by_detail_then_by_order },
	  { "gzip is given to those who ask for it", gzip_is_given_to_those_who_ask_for_it },
	  { "protobuf has both kinds of buckets", protobuf_has_both_kinds_of_buckets },
	  { "a cgroup has native buckets alone", a_cgroup_has_native_buckets_alone },
	  { "protobuf leaves out families without a metric",
	    protobuf_leaves_out_families_without_a_metric },
	  { "names say what they are", names_say_what_they_are }, )
