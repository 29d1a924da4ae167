/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/version.h"
#include "agent/cli/bench/load.h"
#include "agent/cli/bench/report.h"
#include "agent/cli/bench/rounds.h"
#include "agent/cli/bench/series.h"

#define SCHEMA "fairlead/bench/v1"

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* null where there is nothing */
static json_t *times(struct samples *s)
{
	struct samples_summary t;

	samples_sum_up(s, &t);
	if (!t.count)
		return json_null();
	return json_pack("{sI sf sf sf sf sf}", "count", (json_int_t)t.count, "p50_seconds",
			 seconds(t.p50_ns), "p90_seconds", seconds(t.p90_ns), "p95_seconds",
			 seconds(t.p95_ns), "p99_seconds", seconds(t.p99_ns), "max_seconds",
			 seconds(t.max_ns));
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *failures(const struct tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->used; i++) {
		const struct tally_row *row = &t->rows[i];
		bool numbered = row->kind == OUTCOME_STATUS || row->kind == OUTCOME_EXIT ||
				row->kind == OUTCOME_FAILED;

		json_array_append_new(
			list, json_pack("{ss so sI so}", "kind", outcome_names[row->kind], "number",
					numbered ? json_integer(row->number) : json_null(), "count",
					(json_int_t)row->count, "why", text_or_null(row->why)));
	}
	return list;
}

static json_t *ratio(struct samples *s, struct samples *to)
{
	struct samples_summary mine, other;

	samples_sum_up(s, &mine);
	samples_sum_up(to, &other);
	return mine.count && other.p50_ns ? json_real((double)mine.p50_ns / (double)other.p50_ns)
					  : json_null();
}

static json_t *series_object(const struct report *r, struct series *s)
{
	json_t *row = json_pack("{ss so so sI sI so so so so}", "name", s->name, "note",
				text_or_null(s->note), "absent", text_or_null(s->absent), "runs",
				(json_int_t)s->whole.count, "failed", (json_int_t)s->tally.total,
				"failures", failures(&s->tally), "whole", times(&s->whole),
				"first_byte", times(&s->first), "ratio_to_agent",
				ratio(&s->whole, &r->series[0].whole));

	if (row && s == r->series) {
		json_object_set_new(row, "warm", json_integer((json_int_t)s->warm));
		json_object_set_new(row, "said",
				    json_pack("{so so so}", "queue", times(&s->queue), "start",
					      times(&s->start), "run", times(&s->run)));
	}
	return row;
}

static json_t *bytes_or_null(bool known, uint64_t bytes)
{
	return known ? json_integer((json_int_t)bytes) : json_null();
}

static json_t *per_job(const struct load *l, uint64_t ns)
{
	return l->latency.count ? json_real(seconds(ns) / (double)l->latency.count) : json_null();
}

static json_t *processes(const struct load *l)
{
	bool pss = l->after.pss_known;
	json_t *list = json_array();

	for (int i = 0; i < _USAGE_WHO_MAX; i++) {
		const struct usage_part *now = &l->after.parts[i];
		const struct usage_part *peak = &l->peak.parts.parts[i];
		bool seen = i != USAGE_SANDBOXES;

		json_array_append_new(
			list, json_pack("{ss sI sI so so so so}", "name", usage_names[i],
					"processes", (json_int_t)now->processes, "rss_bytes",
					(json_int_t)now->rss_bytes, "pss_bytes",
					bytes_or_null(pss, now->pss_bytes), "peak_rss_bytes",
					bytes_or_null(seen, peak->rss_bytes), "peak_pss_bytes",
					bytes_or_null(seen && pss, peak->pss_bytes),
					"cpu_seconds_per_job",
					per_job(l, load_cpu_ns(l, (enum usage_who)i))));
	}
	return list;
}

static json_t *cpu(const struct load *l)
{
	bool node = l->after.node_ns && l->before.node_ns;

	return json_pack("{so so so}", "processes_seconds_per_job",
			 l->known ? per_job(l, l->after.cpu_ns - l->before.cpu_ns) : json_null(),
			 "node_seconds_per_job",
			 node ? per_job(l, l->after.node_ns - l->before.node_ns) : json_null(),
			 "generator_seconds_per_request",
			 l->sent ? json_real(seconds(l->own_cpu_ns) / (double)l->sent)
				 : json_null());
}

static json_t *load_object(struct load *l)
{
	uint64_t failed = l->tally.total + l->unsent;
	bool open = l->terms.rate > 0;

	return json_pack("{ss sI so sf sf sI sI sI sI so so so so so so so}", "loop",
			 open ? "open" : "closed", "callers", (json_int_t)l->terms.callers,
			 "rate_per_second", open ? json_real(l->terms.rate) : json_null(),
			 "seconds", seconds(l->took_ns), "jobs_per_second",
			 l->took_ns ? (double)l->in_time / seconds(l->took_ns) : 0.0, "jobs",
			 (json_int_t)l->latency.count, "requests", (json_int_t)l->sent, "failed",
			 (json_int_t)failed, "unsent", (json_int_t)l->unsent, "connect_retries",
			 json_integer((json_int_t)l->retries), "failures", failures(&l->tally),
			 "latency", times(&l->latency), "late", times(&l->late), "processes",
			 l->known ? processes(l) : json_null(), "peak_rss_bytes",
			 bytes_or_null(l->known, l->peak.rss_bytes), "cpu", cpu(l));
}

static json_t *machine(void)
{
	struct utsname u;

	if (uname(&u))
		return json_null();
	return json_pack("{ss ss sI}", "kernel", u.release, "architecture", u.machine,
			 "cpus_online", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN));
}

char *report_json(const struct report *r)
{
	char time[CLOCK_TEXT], *text;
	json_t *root, *rows = json_array(), *loads = json_array();

	clock_format(time, clock_wall_ns());
	for (size_t i = 0; i < r->series_count; i++)
		json_array_append_new(rows, series_object(r, &r->series[i]));
	for (size_t i = 0; i < r->load_count; i++)
		json_array_append_new(loads, load_object(&r->loads[i]));
	root = json_pack(
		"{ss ss ss so ss ss so sI so sb so so}", "schema", SCHEMA, "time", time, "version",
		version(), "node", machine(), "part", r->part, "job", r->what, "lang",
		text_or_null(r->lang), "warm_up", (json_int_t)r->warm_up, "pause_seconds",
		r->series_count && r->pause_ns != PAUSE_AUTO ? json_real(seconds(r->pause_ns))
							     : json_null(),
		"stopped", r->stopped, "rows", rows, "loads", loads);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}
