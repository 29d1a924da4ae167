/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/otlp/otlp.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/utf8.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/families.h"
#include "exporters/message.h"
#include "exporters/otlp/common.pb.h"
#include "exporters/otlp/metrics.pb.h"
#include "exporters/otlp/metrics_service.pb.h"
#include "exporters/otlp/names.h"
#include "exporters/otlp/resource.pb.h"
#include "exporters/out.h"

#define SCHEMA_URL "https://opentelemetry.io/schemas/" SEMANTIC_VERSION

#define V1(name)   opentelemetry_proto_metrics_v1_##name
#define CUMULATIVE V1(AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE)

typedef opentelemetry_proto_common_v1_KeyValue key_value;
typedef V1(NumberDataPoint) number_point;
typedef V1(ExponentialHistogramDataPoint) histogram_point;

enum {
	ATTRIBUTES_MAX = 8,
	ATTRIBUTE_MAX = 512, /* bytes of a value that needs mending; the longest is a path */
};
_Static_assert(sizeof(((histogram_point *)0)->positive.bucket_counts) ==
		       FL_HIST_SLOTS * sizeof(uint64_t),
	       "metrics.options has a bucket a slot");

/* One point at a time: what it points to lives as long as it is being written. */
struct writer {
	const struct family *of;
	uint64_t since_ns, now_ns;        /* wall clock */
	struct out points, data, metrics; /* of the metric; it without its head; those so far */
	key_value attributes[ATTRIBUTES_MAX];
	char mended[ATTRIBUTES_MAX][ATTRIBUTE_MAX];
	pb_size_t count;
};

static key_value text_of(const char *key, const char *text)
{
	return (key_value){
		.key = (char *)key,
		.has_value = true,
		.value = { .which_value = opentelemetry_proto_common_v1_AnyValue_string_value_tag,
			   .value.string_value = (char *)text }
	};
}

static key_value number_of(const char *key, const char *text)
{
	return (key_value){ .key = (char *)key,
			    .has_value = true,
			    .value = { .which_value =
					       opentelemetry_proto_common_v1_AnyValue_int_value_tag,
				       .value.int_value = strtoll(text, NULL, 10) } };
}

/* An empty label is none: in no pod, in no container. */
static void set_attributes(struct writer *w, const char *const *labels)
{
	const struct semantic *semantic = w->of->semantic;

	w->count = 0;
	if (semantic && semantic->attribute)
		w->attributes[w->count++] = text_of(semantic->attribute, semantic->value);
	for (; *labels && w->count < ATTRIBUTES_MAX; labels += 2) {
		struct name_of_label name = names_label(w->of, labels[0]);
		const char *text = names_value(labels[0], labels[1]);

		if (!*text)
			continue;
		text = utf8_mend(text, w->mended[w->count], ATTRIBUTE_MAX);
		w->attributes[w->count++] = name.number ? number_of(name.attribute, text)
							: text_of(name.attribute, text);
	}
}

/* Every kind of metric has its points behind tag 1. */
_Static_assert(V1(Sum_data_points_tag) == V1(Gauge_data_points_tag), "one tag for all");
_Static_assert(V1(Sum_data_points_tag) == V1(ExponentialHistogram_data_points_tag), "for all");

static void put_point(struct writer *w, const pb_msgdesc_t *fields, const void *point)
{
	message_put_field(&w->points, V1(Sum_data_points_tag), fields, point);
}

/* Seconds have a fraction; what is counted is whole. */
static void put_value(void *context, const char *const *labels, double value)
{
	struct writer *w = context;
	number_point p = { .start_time_unix_nano = w->since_ns,
			   .time_unix_nano = w->now_ns,
			   .which_value = V1(NumberDataPoint_as_int_tag) };

	set_attributes(w, labels);
	p.attributes = w->attributes;
	p.attributes_count = w->count;
	p.value.as_int = (int64_t)value;
	if ((double)p.value.as_int != value || !strcmp(w->of->unit, "seconds")) {
		p.which_value = V1(NumberDataPoint_as_double_tag);
		p.value.as_double = value;
	}
	put_point(w, V1(NumberDataPoint_fields), &p);
}

/* otlp.h says how slots become buckets. */
static void put_distribution(void *context, const char *const *labels, const struct hist *h)
{
	struct writer *w = context;
	unsigned int first = 1, end = FL_HIST_SLOTS;
	histogram_point p = { .start_time_unix_nano = w->since_ns,
			      .time_unix_nano = w->now_ns,
			      .count = hist_count(h),
			      .has_sum = true,
			      .sum = (double)h->sum_ns,
			      .zero_count = h->slots[0],
			      .zero_threshold = (double)((1u << FL_HIST_SLOT0_BITS) - 1) };

	while (first < end && !h->slots[first])
		first++;
	while (end > first && !h->slots[end - 1])
		end--;
	p.has_positive = end > first;
	p.positive.offset = FL_HIST_SLOT0_BITS - 1 + (int)first;
	p.positive.bucket_counts_count = (pb_size_t)(end - first);
	memcpy(p.positive.bucket_counts, h->slots + first, (end - first) * sizeof(uint64_t));
	set_attributes(w, labels);
	p.attributes = w->attributes;
	p.attributes_count = w->count;
	put_point(w, V1(ExponentialHistogramDataPoint_fields), &p);
}

/* Count and sum have to be those of the buckets. */
static void put_native(void *context, const char *const *labels, uint64_t count, double sum,
		       const struct hist *h)
{
	(void)count;
	(void)sum;
	put_distribution(context, labels, h);
}

/* Behind the points what is said of all of them; the tag of the whole in its metric. */
static uint32_t put_kind(struct writer *w)
{
	const V1(Sum) sum = { .aggregation_temporality = CUMULATIVE,
			      .is_monotonic = w->of->kind == FAMILY_COUNTER };
	const V1(ExponentialHistogram) exponential = { .aggregation_temporality = CUMULATIVE };

	switch (w->of->kind) {
	case FAMILY_COUNTER:
	case FAMILY_LEVEL:
		message_put(&w->points, V1(Sum_fields), &sum);
		return V1(Metric_sum_tag);
	case FAMILY_HISTOGRAM:
	case FAMILY_NATIVE:
		message_put(&w->points, V1(ExponentialHistogram_fields), &exponential);
		return V1(Metric_exponential_histogram_tag);
	default:
		return V1(Metric_gauge_tag);
	}
}

/* A metric without a point is left out: it says nothing. */
static void put_metric(struct writer *w, const struct snapshot *s)
{
	const struct family_sink sink = { .context = w,
					  .value = put_value,
					  .distribution = put_distribution,
					  .native = put_native };
	char name[NAMES_MAX];
	V1(Metric)
	head = { .name = name,
		 .description = (char *)w->of->help,
		 .unit = (char *)names_unit(w->of) };

	w->since_ns = w->of->since_boot ? s->booted_wall_ns : s->loaded_wall_ns;
	w->points.size = w->data.size = 0;
	w->of->collect(s, &sink);
	if (!w->points.size)
		return;
	names_metric(w->of, name);
	message_put(&w->data, V1(Metric_fields), &head);
	message_put_bytes(&w->data, put_kind(w), &w->points);
	message_put_bytes(&w->metrics, V1(ScopeMetrics_metrics_tag), &w->data);
}

static void put_resource(struct out *to, const struct snapshot *s, const char *node)
{
	key_value attributes[] = { text_of("service.name", "fairlead"),
				   text_of("service.version", s->version),
				   text_of("host.name", s->host), text_of("k8s.node.name", node) };
	const opentelemetry_proto_resource_v1_Resource resource = { .attributes_count =
									    *node ? 4 : 3,
								    .attributes = attributes };

	message_put_field(to, V1(ResourceMetrics_resource_tag),
			  opentelemetry_proto_resource_v1_Resource_fields, &resource);
}

/* The metrics as one scope of one resource. */
static void put_request(const struct writer *w, const struct snapshot *s, const char *node,
			struct out *ret)
{
	const struct out schema = { .data = (char *)SCHEMA_URL, .size = strlen(SCHEMA_URL) };
	opentelemetry_proto_common_v1_InstrumentationScope scope = { .name = (char *)"fairlead",
								     .version =
									     (char *)s->version };
	struct out scoped = { 0 }, whole = { 0 };

	message_put_field(&scoped, V1(ScopeMetrics_scope_tag),
			  opentelemetry_proto_common_v1_InstrumentationScope_fields, &scope);
	out_bytes(&scoped, w->metrics.data, w->metrics.size);
	message_put_bytes(&scoped, V1(ScopeMetrics_schema_url_tag), &schema);
	put_resource(&whole, s, node);
	message_put_bytes(&whole, V1(ResourceMetrics_scope_metrics_tag), &scoped);
	message_put_bytes(&whole, V1(ResourceMetrics_schema_url_tag), &schema);
	message_put_bytes(
		ret,
		opentelemetry_proto_collector_metrics_v1_ExportMetricsServiceRequest_resource_metrics_tag,
		&whole);
	out_free(&scoped);
	out_free(&whole);
}

int otlp_write(const struct snapshot *s, const char *node, struct out *ret)
{
	struct writer w = { .now_ns = s->wall_ns };

	for (size_t i = 0; i < family_count; i++) {
		w.of = &families[i];
		put_metric(&w, s);
	}
	ret->failed |= w.points.failed || w.data.failed || w.metrics.failed;
	put_request(&w, s, node, ret);
	out_free(&w.points);
	out_free(&w.data);
	out_free(&w.metrics);
	return ret->failed ? -ENOMEM : 0;
}
