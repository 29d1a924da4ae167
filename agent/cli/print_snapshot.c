/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/cli/columns.h"
#include "agent/cli/print.h"
#include "agent/cli/table.h"
#include "agent/config/command.h"
#include "agent/snapshot/snapshot.h"

struct page {
	const struct snapshot *s;
	FILE *out;
	unsigned int columns;
	bool colour;
	bool whole; /* the section was asked for: all of it */
	bool first; /* nothing stands above it */
};

/* A sentence of ours around text of others: wrapped rather than cut. */
__attribute__((format(printf, 2, 3))) static void say(const struct page *p, const char *format, ...)
{
	char text[768];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	table_wrap(text, 0, 2, p->columns, p->out);
}

static void print_node(const struct page *p)
{
	const struct snapshot *s = p->s;
	char up[CELL];
	size_t online = 0;

	for (size_t i = 0; i < s->cpu_count; i++)
		online += s->cpus[i].online;
	say(p, "node %s, up %s", s->host, table_time(up, s->uptime_ns));
	say(p, "Linux %s %s, %zu of %zu CPUs online", s->kernel, s->machine, online, s->cpu_count);
	print_files_node(s, p->out);
}

static void print_agent(const struct page *p)
{
	const struct agent_snapshot *a = &p->s->agent;
	char window[CELL], up[CELL], rss[CELL];

	table_time(window, p->s->window_ns);
	if (a->present)
		say(p, "window %s, from the agent: up %s, %s with its warden", window,
		    table_time(up, a->uptime_ns),
		    table_bytes(rss, a->rss_bytes + a->warden_rss_bytes));
	else
		say(p, "window %s, no agent: probes loaded for this look", window);
}

static void print_memory(const struct page *p)
{
	const struct memory *m = &p->s->memory;
	char a[CELL], b[CELL], swap[48] = "", killed[64] = "";

	if (!m->known)
		return;
	if (m->swap_total_bytes)
		snprintf(swap, sizeof(swap), ", %s swapped",
			 table_bytes(a, m->swap_total_bytes - m->swap_free_bytes));
	if (m->oom_kills)
		snprintf(killed, sizeof(killed), ", %llu killed for want of it since boot",
			 (unsigned long long)m->oom_kills);
	say(p, "memory %s of %s available%s%s", table_bytes(a, m->available_bytes),
	    table_bytes(b, m->total_bytes), swap, killed);
	if (p->whole)
		say(p, "  free %s, cached %s", table_bytes(a, m->free_bytes),
		    table_bytes(b, m->cached_bytes));
	if (p->whole)
		say(p, "  to be written %s, being written %s", table_bytes(a, m->dirty_bytes),
		    table_bytes(b, m->writeback_bytes));
}

static double percent(const struct page *p, uint64_t ns)
{
	return (double)ns / (snapshot_seconds(p->s) * 1e7);
}

/* Which share of the window tasks stood still for want of something. */
static void print_pressure(const struct page *p)
{
	const struct pressure *of = p->s->pressure;
	char text[128];
	size_t used = 0;

	for (int i = 0; i < _PRESSURE_MAX; i++)
		if (of[i].known)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %.1f%%",
						 used ? ", " : "", pressure_names[i],
						 percent(p, of[i].some_ns));
	if (used)
		say(p, "pressure %s of the time a task stood still for it", text);
	for (int i = 0; i < _PRESSURE_MAX && p->whole; i++)
		if (of[i].known)
			say(p, "  %s: all that there were stood still %.1f%% of the time",
			    pressure_names[i], percent(p, of[i].full_ns));
}

static const char cache_words[] =
	"a miss: a reader waited for a page; a fill: a page brought in, mostly ahead";

/* Of the requests that were made of it, how many had to wait for a disk. */
static void print_caches(const struct page *p)
{
	static const char *const shown[_CACHE_COUNT_MAX] = {
		[CACHE_ACCESSES] = "pages read through it", [CACHE_READS] = "requests to read",
		[CACHE_MISSES] = "of them, misses",         [CACHE_FILLS] = "pages put in: fills",
		[CACHE_EVICTIONS] = "pages taken out",      [CACHE_DIRTIED] = "pages dirtied",
		[CACHE_FAULTS] = "faults on mapped files",
	};
	const uint64_t *n = p->s->cache;
	double seconds = snapshot_seconds(p->s);
	char reads[CELL], misses[CELL], fills[CELL], dirtied[CELL];

	if (!p->s->cache_measured) {
		if (p->whole)
			say(p, "the page cache is not measured: `fairlead doctor` says why");
		return;
	}
	say(p, "page cache %s reads/s, %s/s of them missed; pages/s: %s filled, %s dirtied",
	    table_count(reads, (double)n[CACHE_READS] / seconds),
	    table_count(misses, (double)n[CACHE_MISSES] / seconds),
	    table_count(fills, (double)n[CACHE_FILLS] / seconds),
	    table_count(dirtied, (double)n[CACHE_DIRTIED] / seconds));
	if (p->whole)
		say(p, "%s", cache_words);
	for (int i = 0; i < _CACHE_COUNT_MAX && p->whole; i++)
		fprintf(p->out, "  %-26s %9s/s\n", shown[i],
			table_count(reads, (double)n[i] / seconds));
}

/* What measuring itself takes of all CPUs, and what is left out to keep that small. */
static void print_programs(const struct page *p)
{
	const struct snapshot *s = p->s;
	double node_ns = snapshot_seconds(s) * 1e9 * (s->cpu_count ? (double)s->cpu_count : 1);
	char runs[CELL], each[CELL];
	uint64_t ns = 0;

	for (size_t i = 0; i < s->program_count; i++)
		ns += s->programs[i].ns;
	if (ns) /* an estimate from 1 run in 1,024: none of them may have been in a short window */
		say(p, "measuring took %.3f%% of the node's CPU time", (double)ns * 100 / node_ns);
	else if (p->whole)
		say(p, s->program_count
			       ? "measuring took too little to tell: look for longer"
			       : "no program of ours is loaded: `fairlead doctor` says why");
	for (size_t i = 0; i < s->program_count && p->whole; i++) {
		const struct program_snapshot *of = &s->programs[i];

		fprintf(p->out, "  %-6.6s %-32.32s %8s runs/s %9s each\n", of->subject, of->event,
			table_count(runs, (double)of->runs / snapshot_seconds(s)),
			of->ns_total && of->runs_total
				? table_time(each, of->ns_total / of->runs_total)
				: "?");
	}
	for (size_t i = 0; i < s->detail_count; i++)
		if (s->details[i].wanted && !s->details[i].on)
			say(p, "%s is left out, as it would cost more than bpf_budget allows",
			    s->details[i].name);
}

struct layout { /* of one list on this page */
	const struct listing *list;
	size_t columns[COLUMNS_MAX], count;
	unsigned int name_width;
};

static void print_heading(const struct page *p, const struct layout *l, const char *heading)
{
	fprintf(p->out, "%s%-*.*s", p->first ? "" : "\n", (int)l->name_width, (int)l->name_width,
		heading);
	for (size_t i = 0; i < l->count; i++) {
		const struct column *c = &l->list->columns[l->columns[i]];

		fprintf(p->out, " %*s", (int)c->width, c->head);
	}
	fputc('\n', p->out);
}

static void print_row(const struct page *p, const struct layout *l, size_t row, const char *indent)
{
	char name[LISTING_NAME_MAX], shown[LISTING_NAME_MAX + 128], cell[CELL];

	size_t width = l->name_width - strlen(indent);

	listing_label(l->list, p->s, row, width, name);
	fprintf(p->out, "%s%s", indent, table_tail(shown, sizeof(shown), name, width));
	for (size_t i = 0; i < l->count; i++) {
		const struct column *c = &l->list->columns[l->columns[i]];

		fprintf(p->out, " %*s", (int)c->width, column_format(c, c->value(p->s, row), cell));
	}
	fputc('\n', p->out);
}

static struct layout lay_out(const struct page *p, enum listing_kind kind)
{
	struct layout l = { .list = listings[kind] };

	l.count = listing_fit(l.list, p->columns, -1, l.columns, &l.name_width);
	return l;
}

/* What has nothing to tell is left out, and what is more than `most` unless it was asked for. */
static void print_rows(const struct page *p, const struct layout *l, size_t most,
		       const char *section, const char *none)
{
	size_t rows = l->list->rows(p->s), shown = 0, more = 0;

	for (size_t i = 0; i < rows; i++) {
		if (l->list->is_quiet(p->s, i))
			continue;
		if (shown < most || p->whole) {
			print_row(p, l, i, "");
			shown++;
		} else {
			more++;
		}
	}
	if (more)
		say(p, "and %zu more: `fairlead snapshot %s` shows all", more, section);
	if (!shown)
		say(p, "%s", none);
}

/* Whoever asked for what is not there is told; the page as a whole ends with what is off. */
static bool measures(const struct page *p)
{
	for (size_t i = 0; i < p->s->subject_count; i++)
		if (p->s->subjects[i].state != FINDING_OFF)
			return true;
	if (p->whole)
		say(p, "nothing is measured: `fairlead doctor` says why");
	return false;
}

static void print_cpus(const struct page *p)
{
	const struct layout l = lay_out(p, LISTING_CPUS);

	if (!snapshot_measures(p->s, "sched")) {
		if (p->whole)
			say(p, "waits for a CPU are not measured: `fairlead doctor` says why");
		return;
	}
	print_heading(p, &l, l.list->heading);
	print_row(p, &l, ROW_ALL, "");
	for (size_t i = 0; i < p->s->cpu_count; i++)
		print_row(p, &l, i, "  ");
}

static void print_disks(const struct page *p)
{
	const struct layout l = lay_out(p, LISTING_DISKS);

	if (l.list->missing(p->s)) {
		if (p->whole)
			say(p, "%s", l.list->missing(p->s));
		return;
	}
	print_heading(p, &l, l.list->heading);
	print_rows(p, &l, 8, "disks", "no disk did anything");
}

static void print_network(const struct page *p)
{
	const struct layout l = lay_out(p, LISTING_INTERFACES);

	print_heading(p, &l, l.list->heading);
	print_rows(p, &l, 4, "network", "no interface did anything");
}

/*
 * On a narrow terminal names keep their room: the columns but for the first and the last go, the last
 * but one first.
 */
static struct layout lay_out_misses(const struct page *p)
{
	static const char *const shown[] = { "misses", "fills", "started", "execs", "killed" };
	struct layout l = { .list = listings[LISTING_CGROUPS] };
	unsigned int used = 0;

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		int column = 0;

		listing_find(l.list, shown[i], &column);
		l.columns[l.count++] = (size_t)column;
		used += l.list->columns[column].width + 1;
	}
	while (used + l.list->name_min > p->columns && l.count > 2) {
		used -= l.list->columns[l.columns[l.count - 2]].width + 1;
		l.columns[l.count - 2] = l.columns[l.count - 1];
		l.count--;
	}
	l.name_width = p->columns - used;
	return l;
}

/* What else makes a cgroup slow; those with nothing of it are left out, and all if none has any. */
static void print_misses(const struct page *p)
{
	const struct layout l = lay_out_misses(p);
	size_t most = p->whole ? SIZE_MAX : 6, rows = 0;
	struct page below = *p;

	below.first = false;
	for (size_t row = 0; row < l.list->rows(p->s); row++) {
		bool any = false;

		for (size_t i = 0; i < l.count; i++) /* not true of what is not known, too */
			any |= l.list->columns[l.columns[i]].value(p->s, row) > 0;
		if (!any || rows++ >= most)
			continue;
		if (rows == 1)
			print_heading(&below, &l, "CGROUP, PAGE CACHE AND TASKS");
		print_row(p, &l, row, "");
	}
	if (rows > most)
		say(p, "and %zu more: `fairlead snapshot cgroups` shows all", rows - most);
	if (rows)
		say(p, "%s", cache_words);
}

/* Where v1 and v2 stand side by side, rows of one path may be of other tasks in another table. */
static void print_cgroups(const struct page *p)
{
	const struct layout l = lay_out(p, LISTING_CGROUPS);

	if (!measures(p))
		return;
	print_heading(p, &l, "CGROUP (v2), LONGEST WAIT FIRST");
	print_rows(p, &l, 10, "cgroups", "no cgroup did anything");
	say(p, "each without those below it%s",
	    p->s->cgroup_version[USE_IO] == 1 ? "; what it did to disks is by v1's blkio" : "");
	print_misses(p);
	print_files_cgroups(p->s, p->whole, p->columns, p->out);
}

static void print_waiters(const struct page *p)
{
	const struct layout l = lay_out(p, LISTING_WAITERS);

	if (!p->whole && !p->s->waiter_count)
		return;
	print_heading(p, &l, l.list->heading);
	print_rows(p, &l, 5, "waiters", "no task waited long at once");
	if (p->s->waiter_count) /* it may be more than all of the window's */
		say(p, "long: over a millisecond; the longest: since the task first waited long");
}

static void print_subjects(const struct page *p)
{
	enum { INDENT = 16 }; /* name, state, a space each */

	if (!p->first)
		fputc('\n', p->out);
	for (size_t i = 0; i < p->s->subject_count; i++) {
		const struct subject_snapshot *subject = &p->s->subjects[i];
		char text[sizeof(subject->hook) + sizeof(subject->reason) + 64];

		snprintf(text, sizeof(text), "%s%s%s%s", subject->hook,
			 subject->hook[0] && subject->reason[0] ? ": " : "", subject->reason,
			 subject->state == FINDING_OFF ? "; `fairlead doctor` says what to do"
						       : "");
		fprintf(p->out, "%-6s %s ", subject->name, table_state(subject->state, p->colour));
		table_wrap(text, INDENT, INDENT, p->columns, p->out);
	}
}

/* The order of the page; a new part of the snapshot is a function above and a row here. */
static const struct word_row section_rows[] = {
	{ "node", "the machine, its kernel and how long it is up" },
	{ "agent", "the window, and the agent about itself" },
	{ "memory", "what is left, and what waits to be written" },
	{ "pressure", "share of the time that tasks stood still for want of CPU, memory, I/O" },
	{ "caches", "what was read through the page cache" },
	{ "programs", "what measuring costs, and what is left out for that" },
	{ "cpus", "waits for each CPU" },
	{ "disks", "what each disk did" },
	{ "network", "what each interface did" },
	{ "cgroups", "waits, disk bytes, CPU time and memory of each cgroup" },
	{ "waiters", "the tasks that waited longest at once" },
	{ "subjects", "what is measured, by which hook" },
};
static void (*const section_prints[])(const struct page *p) = {
	print_node, print_agent, print_memory,  print_pressure, print_caches,  print_programs,
	print_cpus, print_disks, print_network, print_cgroups,  print_waiters, print_subjects,
};
_Static_assert(sizeof(section_rows) / sizeof(section_rows[0]) ==
		       sizeof(section_prints) / sizeof(section_prints[0]),
	       "a function a section");

const struct word_table print_sections = {
	.heading = "Sections",
	.noun = "section",
	.rows = section_rows,
	.count = sizeof(section_rows) / sizeof(section_rows[0]),
};

static bool is_asked_for(const char *name, char *const *sections, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(sections[i], name))
			return true;
	return false;
}

void print_snapshot(const struct snapshot *s, char *const *sections, int count, bool colour,
		    FILE *out)
{
	struct page page = { .s = s,
			     .out = out,
			     .columns = table_columns(out),
			     .colour = colour,
			     .whole = count > 0,
			     .first = true };

	for (size_t i = 0; i < print_sections.count; i++)
		if (!count || is_asked_for(section_rows[i].name, sections, count)) {
			section_prints[i](&page);
			page.first = false;
		}
}
