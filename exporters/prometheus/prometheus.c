/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/prometheus/prometheus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/base/utf8.h"
#include "exporters/prometheus/families.h"

const char *const prometheus_types[] = {
	"text/plain; version=0.0.4; charset=utf-8",
	"application/openmetrics-text; version=1.0.0; charset=utf-8",
};
_Static_assert(sizeof(prometheus_types) / sizeof(char *) == _PROMETHEUS_FORMAT_MAX, "one a format");

struct writer {
	FILE *out;
	const struct family *family;
	enum prometheus_format format;
};

/* A server lists what it takes, the best first; OpenMetrics is taken only where it is named. */
enum prometheus_format prometheus_choose(const char *accept)
{
	return accept && strstr(accept, "application/openmetrics-text") ? PROMETHEUS_OPENMETRICS
									: PROMETHEUS_TEXT;
}

/* Names of cgroups are bytes; a label is UTF-8. */
static void put_label(FILE *out, const char *text)
{
	const char *end = text + strlen(text);
	uint32_t c;

	for (size_t n; text < end; text += n ? n : 1) {
		n = utf8_decode(text, (size_t)(end - text), &c);
		if (!n)
			fputc('?', out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", (char)c);
		else if (c == '\n')
			fputs("\\n", out);
		else
			fwrite(text, 1, n, out);
	}
}

static void put_name(const struct writer *w, const char *suffix, const char *const *labels,
		     const char *le)
{
	const char *before = "{";

	fprintf(w->out, "%s%s", w->family->name, suffix);
	for (; *labels; labels += 2, before = ",") {
		fprintf(w->out, "%s%s=\"", before, labels[0]);
		put_label(w->out, labels[1]);
		fputc('"', w->out);
	}
	if (le) {
		fprintf(w->out, "%sle=\"%s\"", before, le);
		before = ",";
	}
	if (*before == ',')
		fputc('}', w->out);
}

static void put_value(void *context, const char *const *labels, double value)
{
	const struct writer *w = context;

	put_name(w, "", labels, NULL);
	fprintf(w->out, " %.17g\n", value);
}

static void put_sum(void *context, const char *const *labels, uint64_t count, double sum)
{
	const struct writer *w = context;

	put_name(w, "_sum", labels, NULL);
	fprintf(w->out, " %.17g\n", sum);
	put_name(w, "_count", labels, NULL);
	fprintf(w->out, " %llu\n", (unsigned long long)count);
}

static void put_distribution(void *context, const char *const *labels, const struct hist *h)
{
	const struct writer *w = context;
	uint64_t count = 0;
	char le[32];

	for (unsigned int slot = 0; slot < FL_HIST_SLOTS; slot++) {
		count += h->slots[slot];
		if (slot == FL_HIST_SLOTS - 1)
			snprintf(le, sizeof(le), "+Inf");
		else
			snprintf(le, sizeof(le), "%.12g",
				 (double)hist_slot_end_ns(slot) / (double)NS_PER_SEC);
		put_name(w, "_bucket", labels, le);
		fprintf(w->out, " %llu\n", (unsigned long long)count);
	}
	put_sum(context, labels, count, (double)h->sum_ns / (double)NS_PER_SEC);
}

/* OpenMetrics speaks of the family, the older text of its lines. */
static int family_length(const struct writer *w)
{
	size_t length = strlen(w->family->name);

	if (w->format == PROMETHEUS_OPENMETRICS && w->family->kind == FAMILY_COUNTER)
		length -= strlen("_total");
	if (w->format == PROMETHEUS_OPENMETRICS && w->family->kind == FAMILY_INFO)
		length -= strlen("_info");
	return (int)length;
}

static void put_head(const struct writer *w)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram", "summary", "info" };
	const struct family *f = w->family;
	bool open = w->format == PROMETHEUS_OPENMETRICS;
	int n = family_length(w);

	fprintf(w->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, f->name, f->help, n, f->name,
		!open && f->kind == FAMILY_INFO ? "gauge" : kinds[f->kind]);
	if (open && f->unit[0])
		fprintf(w->out, "# UNIT %.*s %s\n", n, f->name, f->unit);
}

char *prometheus_write(const struct snapshot *s, enum prometheus_format format)
{
	struct writer w = { .format = format };
	const struct family_sink sink = {
		.context = &w, .value = put_value, .distribution = put_distribution, .sum = put_sum
	};
	char *text = NULL;
	size_t size;

	w.out = open_memstream(&text, &size);
	if (!w.out)
		return NULL;
	for (size_t i = 0; i < family_count; i++) {
		w.family = &families[i];
		put_head(&w);
		w.family->collect(s, &sink);
	}
	if (format == PROMETHEUS_OPENMETRICS)
		fputs("# EOF\n", w.out);
	if (fclose(w.out)) {
		free(text);
		return NULL;
	}
	return text;
}
