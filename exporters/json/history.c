/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/snapshot/history.h"

#include <errno.h>
#include <math.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "exporters/json/json.h"
#include "exporters/json/room.h"

#define SCHEMA "fairlead/history/v1"

/* A part at a time: all of a node's history is more than a megabyte of text. */
struct json_history {
	struct history_snapshot *of;
	size_t next; /* series; of->count: the end, beyond it: nothing more */
	char *part;
	size_t size, taken;
};

int json_history_new(struct json_history **ret, struct history_snapshot *of)
{
	struct json_history *j = calloc(1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	j->of = of;
	*ret = j;
	return 0;
}

struct json_history *json_history_free(struct json_history *j)
{
	if (j) {
		history_snapshot_free(j->of);
		free(j->part);
	}
	free(j);
	return NULL;
}

static void write_number(FILE *to, float value)
{
	if (isfinite(value))
		fprintf(to, "%.6g", (double)value);
	else
		fputs("null", to);
}

static void write_numbers(FILE *to, const char *key, const float *values, size_t count)
{
	fprintf(to, ",\"%s\":[", key);
	for (size_t i = 0; i < count; i++) {
		if (i)
			fputc(',', to);
		write_number(to, values[i]);
	}
	fputc(']', to);
}

static void write_head(FILE *to, const struct history_snapshot *s)
{
	char end[CLOCK_TEXT];

	clock_format(end, s->end_wall_ns);
	fprintf(to, "{\"schema\":\"" SCHEMA "\",\"end\":\"%s\",\"step_seconds\":%g", end,
		(double)s->step_ns / NS_PER_SEC);
	fputs(",\"ewma_seconds\":[", to);
	for (int i = 0; i < HISTORY_MEANS; i++)
		fprintf(to, "%s%u", i ? "," : "", history_mean_seconds[i]);
	fputs("],\"series\":[", to);
}

static int write_labels(FILE *to, const struct history_whose *w)
{
	CLEANUP(json_freep) json_t *labels = json_object();

	if (w->disk[0])
		json_object_set_new(labels, "disk", json_name(w->disk));
	if (w->cgroup[0]) {
		json_object_set_new(labels, "cgroup", json_name(w->cgroup));
		json_object_set_new(labels, "pod", json_string(w->pod));
		json_object_set_new(labels, "container", json_string(w->container));
		json_object_set_new(labels, "unit", json_name(w->unit));
	}
	return json_dumpf(labels, to, JSON_COMPACT);
}

static int write_series(FILE *to, const struct history_snapshot *s, size_t n)
{
	const struct series_snapshot *one = &s->series[n];

	fprintf(to, "%s{\"name\":\"%s\",\"unit\":\"%s\",\"labels\":", n ? "," : "", one->name,
		one->unit);
	if (write_labels(to, &one->whose))
		return -ENOMEM;
	write_numbers(to, "ewma", one->means, HISTORY_MEANS);
	write_numbers(to, "points", &s->values[n * s->points], s->points);
	fputc('}', to);
	return 0;
}

static void closep_stream(FILE **f)
{
	if (*f)
		fclose(*f);
}

static int make_part(struct json_history *j)
{
	CLEANUP(closep_stream) FILE *to = NULL;
	int r = 0;

	free(j->part);
	j->part = NULL;
	j->size = j->taken = 0;
	to = open_memstream(&j->part, &j->size);
	if (!to)
		return -ENOMEM;
	if (!j->next)
		write_head(to, j->of);
	if (j->next < j->of->count)
		r = write_series(to, j->of, j->next);
	else
		fputs("]}", to);
	j->next++;
	return fflush(to) || ferror(to) ? -ENOMEM : r;
}

ssize_t json_history_read(struct json_history *j, char *buffer, size_t size)
{
	size_t n = 0;

	while (n < size) {
		size_t left = j->size - j->taken, take = left < size - n ? left : size - n;

		memcpy(buffer + n, j->part ? j->part + j->taken : "", take);
		j->taken += take;
		n += take;
		if (j->taken < j->size)
			break;
		if (j->next > j->of->count)
			break;
		if (make_part(j))
			return -ENOMEM;
	}
	return (ssize_t)n;
}
