/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "agent/cli/label.h"
#include "agent/cli/print.h"
#include "agent/cli/table.h"
#include "agent/snapshot/snapshot.h"

#define CGROUPS_SHOWN 8
#define NAME_MIN      16

enum { CPU, THROTTLED, MEMORY, LIMIT, STALLED, VALUES };
static const struct {
	const char *head;
	unsigned int width;
} values[VALUES] = {
	{ "cpu", 8 }, { "throttled", 9 }, { "memory", 8 }, { "limit", 8 }, { "mem wait", 8 }
};

static double percent(const struct snapshot *s, uint64_t ns)
{
	return s->files_window_ns ? 100.0 * (double)ns / (double)s->files_window_ns : 0;
}

static void print_cpu_time(const struct snapshot *s, FILE *out)
{
	uint64_t sum[_CPU_MODE_MAX] = { 0 }, all = 0;
	const double *load = s->node.system.load;

	for (size_t i = 0; i < s->cpu_count; i++)
		for (int mode = 0; s->cpus[i].time.known && mode < _CPU_MODE_MAX; mode++) {
			sum[mode] += s->cpus[i].time.ns[mode];
			all += s->cpus[i].time.ns[mode];
		}
	if (all)
		fprintf(out,
			"CPUs %.0f%% user, %.0f%% system, %.0f%% waiting for disks, %.0f%% stolen\n",
			100.0 * (double)(sum[CPU_USER] + sum[CPU_NICE]) / (double)all,
			100.0 * (double)(sum[CPU_SYSTEM] + sum[CPU_IRQ] + sum[CPU_SOFTIRQ]) /
				(double)all,
			100.0 * (double)sum[CPU_IOWAIT] / (double)all,
			100.0 * (double)sum[CPU_STEAL] / (double)all);
	if (s->node.system.known)
		fprintf(out, "load %.2f %.2f %.2f over 1, 5 and 15 minutes\n", load[0], load[1],
			load[2]);
}

/* As df has it: of what others than root may use. */
static double full(const struct filesystem *f)
{
	uint64_t used = f->size_bytes > f->free_bytes ? f->size_bytes - f->free_bytes : 0;

	return used ? (double)used / (double)(used + f->available_bytes) : 0;
}

static void print_fullest(const struct snapshot *s, FILE *out)
{
	const struct filesystem *most = NULL;
	char path[64], left[CELL];

	for (size_t i = 0; i < s->node.filesystem_count; i++)
		if (!most || full(&s->node.filesystems[i]) > full(most))
			most = &s->node.filesystems[i];
	if (!most)
		return;
	table_tail(path, sizeof(path), most->path, 32);
	for (char *end = path + strlen(path); end > path && end[-1] == ' ';)
		*--end = '\0'; /* a sentence, no column */
	fprintf(out, "filesystem %s is %.0f%% full%s, %s left\n", path, 100 * full(most),
		s->node.filesystem_count > 1 ? ", the fullest" : "",
		table_bytes(left, most->available_bytes));
}

void print_files_node(const struct snapshot *s, FILE *out)
{
	print_cpu_time(s, out);
	print_fullest(s, out);
}

/* --- cgroups --- */

static int most_first(const void *a, const void *b)
{
	const struct cgroup_snapshot *x = *(const struct cgroup_snapshot *const *)a;
	const struct cgroup_snapshot *y = *(const struct cgroup_snapshot *const *)b;
	uint64_t m = x->use.cpu.usage_ns, n = y->use.cpu.usage_ns;

	if (m == n) {
		m = x->use_total.memory.used_bytes;
		n = y->use_total.memory.used_bytes;
	}
	return m != n ? (m < n ? 1 : -1) : strcmp(x->path, y->path);
}

static const char *share(char ret[CELL], const struct snapshot *s, bool known, uint64_t ns)
{
	if (known)
		snprintf(ret, CELL, "%.1f%%", percent(s, ns));
	else
		snprintf(ret, CELL, "-");
	return ret;
}

static const char *limit_of(char ret[CELL], const struct cgroup_use *use)
{
	if (!use->version[USE_MEMORY] || use->memory.limit_bytes == USE_NO_LIMIT)
		return strcpy(ret, "-");
	return table_bytes(ret, use->memory.limit_bytes);
}

static const char *used_of(char ret[CELL], const struct cgroup_use *use)
{
	return use->version[USE_MEMORY] ? table_bytes(ret, use->memory.used_bytes)
					: strcpy(ret, "-");
}

/* As many of the values as stand beside a name in so many columns; *width: of the name. */
static size_t values_beside(unsigned int columns, size_t *width)
{
	size_t fit = 0;

	for (*width = columns; fit < VALUES && *width >= NAME_MIN + values[fit].width + 1; fit++)
		*width -= values[fit].width + 1;
	return fit;
}

static void print_values(const char *const texts[VALUES], size_t fit, FILE *out)
{
	for (size_t i = 0; i < fit; i++)
		fprintf(out, " %*s", (int)values[i].width, texts[i]);
	fputc('\n', out);
}

static void print_cgroup(const struct snapshot *s, const struct cgroup_snapshot *c, size_t width,
			 size_t fit, FILE *out)
{
	char label[LABEL_MAX], path[LABEL_MAX + 256], cpu[CELL], throttled[CELL], memory[CELL],
		most[CELL], stalled[CELL];
	const struct cgroup_use *w = &c->use, *t = &c->use_total;
	const char *const texts[VALUES] = {
		[CPU] = share(cpu, s, w->version[USE_CPU], w->cpu.usage_ns),
		[THROTTLED] =
			share(throttled, s, w->version[USE_THROTTLING] && t->throttling.periods,
			      w->throttling.throttled_ns),
		[MEMORY] = used_of(memory, t),
		[LIMIT] = limit_of(most, t),
		[STALLED] = share(stalled, s, w->version[USE_PRESSURE],
				  w->pressure[PRESSURE_MEMORY].some_ns),
	};

	fputs(table_tail(path, sizeof(path), label_cgroup(c, width, label), width), out);
	print_values(texts, fit, out);
}

/* Which hierarchies the rows come from: that of the first, as most have the same. */
static void print_from(const struct cgroup_snapshot *const *rows, size_t count, FILE *out)
{
	char first[USE_FROM_TEXT], one[USE_FROM_TEXT];
	bool others = false;

	cgroup_use_from(&rows[0]->use_total, first);
	for (size_t i = 1; i < count; i++)
		others |= strcmp(cgroup_use_from(&rows[i]->use_total, one), first) != 0;
	fprintf(out, "from %s%s\n", first, others ? ", others from less: see -o json" : "");
}

static const char *versions(const struct snapshot *s)
{
	static const char *const text[] = { "", " (v1)", " (v2)", " (v1+v2)" };

	return text[s->cgroup_version[USE_CPU] | s->cgroup_version[USE_MEMORY]];
}

static void print_not_read(const struct snapshot *s, FILE *out)
{
	if (s->cgroups_unread)
		fprintf(out, "%zu more cgroups were not read: there are too many\n",
			s->cgroups_unread);
	if (s->cgroup_files_refused)
		fprintf(out, "%zu files of cgroups are not for the agent's user to read\n",
			s->cgroup_files_refused);
}

void print_files_cgroups(const struct snapshot *s, bool whole, unsigned int columns, FILE *out)
{
	CLEANUP(freep)
	const struct cgroup_snapshot **rows = calloc(s->cgroup_count + 1, sizeof(*rows));
	bool window = false;
	char length[CELL], heading[48];
	size_t count = 0, shown, width, fit = values_beside(columns, &width);
	const char *heads[VALUES];

	for (size_t i = 0; rows && i < s->cgroup_count; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];

		window |= c->use.version[USE_CPU];
		if (c->use.cpu.usage_ns || c->use_total.memory.used_bytes)
			rows[count++] = c;
	}
	if (!count)
		return;
	qsort(rows, count, sizeof(*rows), most_first);
	snprintf(heading, sizeof(heading), "CGROUP%s, %s FIRST", versions(s),
		 window ? "MOST CPU" : "MEMORY");
	for (size_t i = 0; i < VALUES; i++)
		heads[i] = values[i].head;
	fprintf(out, "\n%-*.*s", (int)width, (int)width, heading);
	print_values(heads, fit, out);
	shown = whole || count < CGROUPS_SHOWN ? count : CGROUPS_SHOWN;
	for (size_t i = 0; i < shown; i++)
		print_cgroup(s, rows[i], width, fit, out);
	if (shown < count)
		fprintf(out, "and %zu more: `fairlead snapshot cgroups` shows all\n",
			count - shown);
	print_from(rows, shown, out);
	if (window)
		fprintf(out, "each with all below it; shares of the last %s\n",
			table_time(length, s->files_window_ns));
	else
		fputs("each with all below it; there are no shares yet\n", out);
	print_not_read(s, out);
}
