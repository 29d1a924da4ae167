/* SPDX-License-Identifier: Apache-2.0 */
/* The two text formats: Prometheus' own and OpenMetrics. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/base/utf8.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/families.h"
#include "exporters/out.h"
#include "exporters/prometheus/room.h"

/* Bytes of what is written. */
struct span {
	size_t from, size;
};

struct writer {
	struct out *out;
	const struct snapshot *of;
	const struct family *family;
	struct span
		*cgroups; /* of each: where its labels were written first; size 0: nowhere yet */
	bool openmetrics;
	size_t name_size;
	struct {
		char text[32];
		size_t size;
	} ends[FL_HIST_SLOTS]; /* of the slots, as lines have them: `0.001"} ` */
};

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Names of cgroups are bytes; a label is UTF-8. */
static void put_label(struct out *out, const char *text)
{
	const char *end = text + strlen(text);
	uint32_t c;

	while (text < end) {
		const char *from = text;
		size_t n;

		while (is_plain(*text))
			text++;
		out_bytes(out, from, (size_t)(text - from));
		if (text == end)
			break;
		n = utf8_decode(text, (size_t)(end - text), &c);
		if (!n)
			out_text(out, "?");
		else if (*text == '\n')
			out_text(out, "\\n");
		else {
			if (*text == '"' || *text == '\\')
				out_text(out, "\\");
			out_bytes(out, text, n);
		}
		text += n ? n : 1;
	}
}

/* `name="text"` at once; false, and nothing is written, where the text is not plain. */
static bool put_plain(struct out *out, const char *name, const char *text)
{
	size_t name_size = strlen(name), size = 0;
	char *at;

	while (is_plain(text[size]))
		size++;
	at = text[size] ? NULL : out_room(out, name_size + size + 3);
	if (!at)
		return false;
	at = mempcpy(at, name, name_size);
	*at++ = '=';
	*at++ = '"';
	at = mempcpy(at, text, size);
	*at = '"';
	out->size += name_size + size + 3;
	return true;
}

static void put_labels(struct out *out, const char *const *labels, size_t count)
{
	for (const char *const *label = labels; count-- && *label; label += 2) {
		if (label != labels)
			out_text(out, ",");
		if (put_plain(out, label[0], label[1]))
			continue;
		out_text(out, label[0]);
		out_text(out, "=\"");
		put_label(out, label[1]);
		out_text(out, "\"");
	}
}

/* Where the labels of this cgroup were written; NULL: they are not those of one. */
static struct span *cgroup_span(const struct writer *w, const char *const *labels)
{
	uintptr_t begin = (uintptr_t)w->of->cgroups, at = (uintptr_t)labels[1];
	size_t i = (at - begin) / sizeof(*w->of->cgroups);

	return w->cgroups && at >= begin && i < w->of->cgroup_count ? &w->cgroups[i] : NULL;
}

/* Dozens of lines are about the same cgroup: its labels are written once, and then copied. */
static const char *const *put_cgroup(const struct writer *w, const char *const *labels)
{
	struct span *span = cgroup_span(w, labels);

	if (!span)
		return labels;
	if (!span->size) {
		span->from = w->out->size;
		put_labels(w->out, labels, CGROUP_LABELS);
		span->size = w->out->size - span->from;
	} else {
		out_again(w->out, span->from, span->size);
	}
	return labels + 2 * CGROUP_LABELS;
}

/* "name{labels", with what stands before the next label, or the end, after it. */
static const char *put_name(const struct writer *w, const char *suffix, const char *const *labels)
{
	const char *const *rest = labels;

	out_bytes(w->out, w->family->name, w->name_size);
	out_text(w->out, suffix);
	if (!*labels)
		return "{";
	out_text(w->out, "{");
	rest = put_cgroup(w, labels);
	if (rest != labels && *rest)
		out_text(w->out, ",");
	put_labels(w->out, rest, SIZE_MAX);
	return ",";
}

static void put_sample(const struct writer *w, const char *suffix, const char *const *labels,
		       double value)
{
	out_text(w->out, *put_name(w, suffix, labels) == ',' ? "} " : " ");
	out_number(w->out, value);
	out_text(w->out, "\n");
}

static void put_value(void *context, const char *const *labels, double value)
{
	put_sample(context, "", labels, value);
}

static void put_sum(const struct writer *w, const char *const *labels, uint64_t count, double sum)
{
	put_sample(w, "_sum", labels, sum);
	put_sample(w, "_count", labels, (double)count);
}

static void put_native(void *context, const char *const *labels, uint64_t count, double sum,
		       const struct hist *h)
{
	(void)h;
	put_sum(context, labels, count, sum);
}

/* The lines of the buckets, each with the same `head`, into room that is enough for all. */
static char *put_buckets(const struct writer *w, char *at, const char *head, size_t length,
			 const struct hist *h, uint64_t *all)
{
	char digits[OUT_DIGITS];
	size_t size = out_digits(digits, *all);

	for (unsigned int slot = 0; slot < FL_HIST_SLOTS; slot++) {
		if (h->slots[slot]) {
			*all += h->slots[slot];
			size = out_digits(digits, *all);
		}
		if (slot)
			at = mempcpy(at, head, length);
		at = mempcpy(at, w->ends[slot].text, w->ends[slot].size);
		at = mempcpy(at, digits, size);
		*at++ = '\n';
	}
	return at;
}

/* Most lines of a large node are these. */
static void put_distribution(void *context, const char *const *labels, const struct hist *h)
{
	const struct writer *w = context;
	struct out *out = w->out;
	size_t begin = out->size, length;
	uint64_t count = 0;
	char *at;

	out_text(out, put_name(w, "_bucket", labels));
	out_text(out, "le=\"");
	length = out->size - begin;
	at = out_room(out, FL_HIST_SLOTS * (length + sizeof(w->ends[0].text) + OUT_DIGITS + 1));
	if (!at)
		return;
	out->size = (size_t)(put_buckets(w, at, at - length, length, h, &count) - out->data);
	put_sum(w, labels, count, (double)h->sum_ns / (double)NS_PER_SEC);
}

/* OpenMetrics speaks of the family, the older text of its lines. */
static size_t family_length(const struct writer *w)
{
	size_t length = w->name_size;

	if (w->openmetrics && w->family->kind == FAMILY_COUNTER)
		length -= strlen("_total");
	if (w->openmetrics && w->family->kind == FAMILY_INFO)
		length -= strlen("_info");
	return length;
}

static void put_comment(const struct writer *w, const char *what, const char *text)
{
	out_text(w->out, what);
	out_bytes(w->out, w->family->name, family_length(w));
	out_text(w->out, " ");
	out_text(w->out, text);
	out_text(w->out, "\n");
}

static void put_head(const struct writer *w)
{
	static const char *const kinds[] = {
		[FAMILY_COUNTER] = "counter",     [FAMILY_GAUGE] = "gauge",
		[FAMILY_HISTOGRAM] = "histogram", [FAMILY_NATIVE] = "summary",
		[FAMILY_INFO] = "info",           [FAMILY_LEVEL] = "gauge",
	};
	_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == _FAMILY_KIND_MAX, "a word a kind");
	const struct family *f = w->family;

	put_comment(w, "# HELP ", f->help);
	put_comment(w, "# TYPE ",
		    !w->openmetrics && f->kind == FAMILY_INFO ? "gauge" : kinds[f->kind]);
	if (w->openmetrics && f->unit[0])
		put_comment(w, "# UNIT ", f->unit);
}

static void set_ends(struct writer *w)
{
	unsigned int last = FL_HIST_SLOTS - 1;

	for (unsigned int slot = 0; slot < last; slot++)
		w->ends[slot].size = (size_t)snprintf(
			w->ends[slot].text, sizeof(w->ends[slot].text), "%.12g\"} ",
			(double)hist_slot_end_ns(slot) / (double)NS_PER_SEC);
	w->ends[last].size =
		(size_t)snprintf(w->ends[last].text, sizeof(w->ends[last].text), "+Inf\"} ");
}

void prometheus_write_text(const struct snapshot *s, bool openmetrics, struct out *ret)
{
	CLEANUP(freep) struct span *cgroups = calloc(s->cgroup_count + 1, sizeof(*cgroups));
	struct writer w = { .out = ret, .of = s, .cgroups = cgroups, .openmetrics = openmetrics };
	const struct family_sink sink = { .context = &w,
					  .value = put_value,
					  .distribution = put_distribution,
					  .native = put_native };

	set_ends(&w);
	for (size_t i = 0; i < family_count; i++) {
		w.family = &families[i];
		if (!w.family->name)
			continue;
		w.name_size = strlen(w.family->name);
		put_head(&w);
		w.family->collect(s, &sink);
	}
	if (openmetrics)
		out_text(ret, "# EOF\n");
}
