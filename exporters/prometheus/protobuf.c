/* SPDX-License-Identifier: Apache-2.0 */
/* The protobuf format: messages io.prometheus.client.MetricFamily, each behind its length. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/utf8.h"
#include "exporters/families.h"
#include "exporters/message.h"
#include "exporters/out.h"
#include "exporters/prometheus/metrics.pb.h"
#include "exporters/prometheus/room.h"

typedef io_prometheus_client_Metric metric;
typedef io_prometheus_client_Histogram histogram;

enum {
	LABELS_MAX = 8,
	LABEL_MAX = 512,       /* bytes of a value that needs mending; the longest is a path */
	SCHEMA_0_OF_SLOT = -20 /* slot n ends at about 2^(n - 20) s */
};
_Static_assert(sizeof(((histogram *)0)->bucket) ==
		       FL_HIST_SLOTS * sizeof(io_prometheus_client_Bucket),
	       "metrics.options has a bucket a slot");
_Static_assert(sizeof(((histogram *)0)->positive_delta) == FL_HIST_SLOTS * sizeof(int64_t),
	       "metrics.options has a delta a slot");

/* One metric at a time: what it points to lives as long as it is being written. */
struct writer {
	struct out family; /* the message so far */
	const struct family *of;
	metric metric;
	io_prometheus_client_LabelPair labels[LABELS_MAX];
	char mended[LABELS_MAX][LABEL_MAX];
};

static void set_labels(struct writer *w, const char *const *labels)
{
	pb_size_t n = 0;

	/* Names of cgroups are bytes; a label is UTF-8, or a server refuses all of the scrape. */
	for (; *labels && n < LABELS_MAX; labels += 2, n++)
		w->labels[n] = (io_prometheus_client_LabelPair){
			(char *)labels[0], (char *)utf8_mend(labels[1], w->mended[n], LABEL_MAX)
		};
	w->metric.label = w->labels;
	w->metric.label_count = n;
}

static void put_metric(struct writer *w, const char *const *labels)
{
	set_labels(w, labels);
	message_put_field(&w->family, io_prometheus_client_MetricFamily_metric_tag,
			  io_prometheus_client_Metric_fields, &w->metric);
}

static void put_value(void *context, const char *const *labels, double value)
{
	struct writer *w = context;
	bool counts = w->of->kind == FAMILY_COUNTER;

	w->metric = (metric){ .has_counter = counts,
			      .counter = { .has_value = true, .value = value },
			      .has_gauge = !counts,
			      .gauge = { .has_value = true, .value = value } };
	put_metric(w, labels);
}

static void set_classic(histogram *to, const struct hist *h)
{
	uint64_t count = 0;

	for (unsigned int slot = 0; slot < FL_HIST_SLOTS; slot++) {
		bool open = slot == FL_HIST_SLOTS - 1;
		double end = (double)hist_slot_end_ns(slot) / (double)NS_PER_SEC;

		count += h->slots[slot];
		to->bucket[slot] =
			(io_prometheus_client_Bucket){ .has_cumulative_count = true,
						       .cumulative_count = count,
						       .has_upper_bound = true,
						       .upper_bound = open ? INFINITY : end };
	}
	to->bucket_count = FL_HIST_SLOTS;
}

/* prometheus.h says how our slots become buckets of schema 0. */
static void set_native(histogram *to, const struct hist *h)
{
	unsigned int first = 1, end = FL_HIST_SLOTS;

	while (first < end && !h->slots[first])
		first++;
	while (end > first && !h->slots[end - 1])
		end--;
	to->has_sample_count = to->has_sample_sum = true;
	to->sample_count = hist_count(h); /* a server wants it to be what is in the buckets */
	to->sample_sum = (double)h->sum_ns / (double)NS_PER_SEC;
	to->has_schema = to->has_zero_threshold = to->has_zero_count = true;
	to->schema = 0;
	to->zero_threshold = ldexp(1, SCHEMA_0_OF_SLOT);
	to->zero_count = h->slots[0];
	to->positive_span_count = end > first;
	to->positive_span[0] =
		(io_prometheus_client_BucketSpan){ .has_offset = true,
						   .offset = (int)first + SCHEMA_0_OF_SLOT,
						   .has_length = true,
						   .length = end - first };
	for (unsigned int slot = first; slot < end; slot++) /* each by how much more it has */
		to->positive_delta[to->positive_delta_count++] =
			(int64_t)(h->slots[slot] - (slot > first ? h->slots[slot - 1] : 0));
}

static void put_distribution(void *context, const char *const *labels, const struct hist *h)
{
	struct writer *w = context;

	w->metric = (metric){ .has_histogram = true };
	set_classic(&w->metric.histogram, h);
	set_native(&w->metric.histogram, h);
	put_metric(w, labels);
}

static void put_native(void *context, const char *const *labels, uint64_t count, double sum,
		       const struct hist *h)
{
	struct writer *w = context;

	(void)count;
	(void)sum;
	w->metric = (metric){ .has_histogram = true };
	set_native(&w->metric.histogram, h);
	put_metric(w, labels);
}

static void put_head(struct writer *w)
{
	static const io_prometheus_client_MetricType types[] = {
		[FAMILY_COUNTER] = io_prometheus_client_MetricType_COUNTER,
		[FAMILY_GAUGE] = io_prometheus_client_MetricType_GAUGE,
		[FAMILY_HISTOGRAM] = io_prometheus_client_MetricType_HISTOGRAM,
		[FAMILY_NATIVE] = io_prometheus_client_MetricType_HISTOGRAM,
		[FAMILY_INFO] = io_prometheus_client_MetricType_GAUGE,
		[FAMILY_LEVEL] = io_prometheus_client_MetricType_GAUGE,
	};
	_Static_assert(sizeof(types) / sizeof(types[0]) == _FAMILY_KIND_MAX, "a type a kind");
	const io_prometheus_client_MetricFamily head = { .name = (char *)w->of->name,
							 .help = (char *)w->of->help,
							 .has_type = true,
							 .type = types[w->of->kind] };

	message_put(&w->family, io_prometheus_client_MetricFamily_fields, &head);
}

/* A family without a metric is left out: it says nothing. */
static void put_family(struct writer *w, const struct snapshot *s, struct out *ret)
{
	const struct family_sink sink = { .context = w,
					  .value = put_value,
					  .distribution = put_distribution,
					  .native = put_native };
	pb_ostream_t stream = message_stream(ret);
	size_t head;

	w->family.size = 0;
	put_head(w);
	head = w->family.size;
	w->of->collect(s, &sink);
	if (w->family.size == head)
		return;
	ret->failed |= w->family.failed || !pb_encode_varint(&stream, w->family.size);
	out_bytes(ret, w->family.data, w->family.size);
}

void prometheus_write_protobuf(const struct snapshot *s, struct out *ret)
{
	struct writer w = { 0 };

	for (size_t i = 0; i < family_count && !ret->failed; i++) {
		w.of = &families[i];
		if (w.of->name)
			put_family(&w, s, ret);
	}
	out_free(&w.family);
}
