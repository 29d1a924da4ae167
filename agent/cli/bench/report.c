/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/report.h"

#include <inttypes.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/cli/bench/load.h"
#include "agent/cli/bench/series.h"
#include "agent/cli/table.h"

/* --- rows side by side --- */

static void print_times(const char *name, struct samples *s, double ratio_to, FILE *out)
{
	struct samples_summary t;
	char cell[4][CELL], ratio[CELL] = "";

	samples_sum_up(s, &t);
	if (!t.count)
		return;
	if (ratio_to > 0)
		snprintf(ratio, sizeof(ratio), "%.2f", (double)t.p50_ns / ratio_to);
	fprintf(out, "%-20s %8s %8s %8s %8s %8s %7zu", name, table_time(cell[0], t.p50_ns),
		table_time(cell[1], t.p90_ns), table_time(cell[2], t.p99_ns),
		table_time(cell[3], t.max_ns), ratio, t.count);
}

static void print_part(const char *name, struct samples *s, FILE *out)
{
	if (!s->count)
		return;
	print_times(name, s, 0, out);
	fputc('\n', out);
}

static void print_tally(const struct tally *t, FILE *out)
{
	char name[32], line[256];

	for (size_t i = 0; i < t->used; i++) {
		tally_name(&t->rows[i], name, sizeof(name));
		snprintf(line, sizeof(line), "  failed: %" PRIu64 " %s%s%s", t->rows[i].count, name,
			 t->rows[i].why[0] ? ": " : "", t->rows[i].why);
		table_wrap(line, 0, 4, table_columns(out), out);
	}
}

static void print_series(struct series *s, double agent_ns, FILE *out)
{
	if (s->absent[0]) {
		fprintf(out, "%-20s ", s->name);
		table_wrap(s->absent, 21, 21, table_columns(out), out);
		return;
	}
	if (s->whole.count) {
		print_times(s->name, &s->whole, agent_ns, out);
		fprintf(out, " %6" PRIu64 "\n", s->tally.total);
	} else {
		fprintf(out, "%-20s %8s %44s %6" PRIu64 "\n", s->name, "-", "0", s->tally.total);
	}
	if (s->word_count == 0) {
		print_part("  first byte", &s->first, out);
		print_part("  it says: queue", &s->queue, out);
		print_part("  it says: start", &s->start, out);
		print_part("  it says: run", &s->run, out);
	}
	print_tally(&s->tally, out);
}

static double median(struct samples *s)
{
	struct samples_summary t;

	samples_sum_up(s, &t);
	return (double)t.p50_ns;
}

static void print_notes(const struct report *r, FILE *out)
{
	char note[320];

	snprintf(note, sizeof(note), "agent: asked over its socket; %zu of %zu answers from a pool",
		 r->series[0].warm, r->series[0].whole.count);
	fputc('\n', out);
	table_wrap(note, 0, 2, table_columns(out), out);
	for (size_t i = 1; i < r->series_count; i++)
		if (!r->series[i].absent[0]) {
			snprintf(note, sizeof(note), "%s: %s", r->series[i].name,
				 r->series[i].note);
			table_wrap(note, 0, 2, table_columns(out), out);
		}
}

static void print_all_series(const struct report *r, FILE *out)
{
	double agent_ns = median(&r->series[0].whole);

	fprintf(out, "%s: a job that %s\n\n", r->part, r->what);
	fprintf(out, "%-20s %8s %8s %8s %8s %8s %7s %6s\n", "", "median", "p90", "p99", "max",
		"ratio", "runs", "failed");
	for (size_t i = 0; i < r->series_count; i++)
		print_series(&r->series[i], agent_ns, out);
	print_notes(r, out);
}

/* --- load --- */

static void print_load_row(struct load *l, FILE *out)
{
	struct samples_summary t;
	char name[32], cell[4][CELL];

	samples_sum_up(&l->latency, &t);
	if (l->terms.rate > 0)
		snprintf(name, sizeof(name), "%g/s", l->terms.rate);
	else
		snprintf(name, sizeof(name), "%zu", l->terms.callers);
	fprintf(out, "%-10s %9.1f %8s %8s %8s %8s %9zu %9" PRIu64 "\n", name,
		l->took_ns ? (double)l->in_time * 1e9 / (double)l->took_ns : 0,
		table_time(cell[0], t.p50_ns), table_time(cell[1], t.p95_ns),
		table_time(cell[2], t.p99_ns), table_time(cell[3], t.max_ns), t.count,
		l->tally.total + l->unsent);
	print_tally(&l->tally, out);
	if (l->unsent)
		fprintf(out, "  failed: %" PRIu64 " not sent: no connection was free in time\n",
			l->unsent);
	if (l->retries)
		fprintf(out, "  %" PRIu64 " times the agent's queue of connections was full\n",
			l->retries);
	if (l->late.count) {
		samples_sum_up(&l->late, &t);
		fprintf(out, "  sent late by: P50 %s, P99 %s, max %s\n",
			table_time(cell[0], t.p50_ns), table_time(cell[1], t.p99_ns),
			table_time(cell[2], t.max_ns));
	}
}

static void print_cpu(const char *name, uint64_t ns, uint64_t count, FILE *out)
{
	char cell[CELL];

	fprintf(out, "  %-24s %44s\n", name, table_time(cell, count ? ns / count : 0));
}

static void print_usage_part(const struct load *l, int i, FILE *out)
{
	const struct usage_part *now = &l->after.parts[i], *peak = &l->peak.parts.parts[i];
	bool seen = i != USAGE_SANDBOXES; /* sandboxes are too many to look at meanwhile */
	bool pss = l->after.pss_known;
	uint64_t cpu = load_cpu_ns(l, (enum usage_who)i);
	size_t jobs = l->latency.count;
	char cell[5][CELL];

	fprintf(out, "  %-10s %13zu %8s %8s %8s %8s %8s\n", usage_names[i], now->processes,
		table_bytes(cell[0], now->rss_bytes),
		pss ? table_bytes(cell[1], now->pss_bytes) : "-",
		seen ? table_bytes(cell[2], peak->rss_bytes) : "-",
		seen && pss ? table_bytes(cell[3], peak->pss_bytes) : "-",
		jobs ? table_time(cell[4], cpu / jobs) : "-");
}

static void print_usage(const struct load *l, FILE *out)
{
	if (l->known) {
		fprintf(out, "  %-10s %13s %8s %8s %8s %8s %8s\n", "", "processes", "RSS", "PSS",
			"RSSpeak", "PSSpeak", "CPU/job");
		for (int i = 0; i < _USAGE_WHO_MAX; i++)
			print_usage_part(l, i, out);
		print_cpu("all of fairlead, a job", l->after.cpu_ns - l->before.cpu_ns,
			  l->latency.count, out);
	} else {
		fprintf(out, "  the agent's processes cannot be seen from here\n");
	}
	if (l->after.node_ns && l->before.node_ns)
		print_cpu("the whole node, a job", l->after.node_ns - l->before.node_ns,
			  l->latency.count, out);
	print_cpu("this command, a request", l->own_cpu_ns, l->sent, out);
}

static void print_heading(const struct report *r, bool open, uint64_t for_ns, FILE *out)
{
	char line[400], cell[CELL];

	snprintf(line, sizeof(line), "load: a job that %s%s%s; %s", r->what, r->lang ? ", in " : "",
		 r->lang ? r->lang : "", open ? "open loop, " : "closed loop, ");
	snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", table_time(cell, for_ns),
		 open ? "; times count from when a job was due" : " for each row");
	table_wrap(line, 0, 2, table_columns(out), out);
	fprintf(out, "\n%-10s %9s %8s %8s %8s %8s %9s %9s\n", open ? "rate" : "callers", "jobs/s",
		"P50", "P95", "P99", "max", "jobs", "failed");
}

static void print_loads(const struct report *r, FILE *out)
{
	if (!r->load_count)
		return;
	print_heading(r, r->loads[0].terms.rate > 0, r->loads[0].terms.for_ns, out);
	for (size_t i = 0; i < r->load_count; i++)
		print_load_row(&r->loads[i], out);
	for (size_t i = 0; i < r->load_count; i++) {
		fputc('\n', out);
		if (r->load_count > 1)
			fprintf(out, "callers: %zu\n", r->loads[i].terms.callers);
		print_usage(&r->loads[i], out);
	}
}

void report_table(const struct report *r, FILE *out)
{
	if (r->series_count)
		print_all_series(r, out);
	else
		print_loads(r, out);
	if (r->stopped)
		fprintf(out,
			"\nIt was stopped before its end: this is what was measured until then.\n");
}
