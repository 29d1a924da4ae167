/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "agent/base/clock.h"
#include "agent/cli/print.h"
#include "agent/cli/table.h"
#include "agent/snapshot/snapshot.h"

#define CGROUPS_SHOWN 10
#define DISKS_SHOWN   8

static double window_seconds(const struct snapshot *s)
{
	return s->window_ns ? (double)s->window_ns / (double)NS_PER_SEC : 1;
}

static void print_head(const struct snapshot *s, FILE *out)
{
	char up[CELL], window[CELL], own_up[CELL], rss[CELL];
	size_t online = 0;

	for (size_t i = 0; i < s->cpu_count; i++)
		online += s->cpus[i].online;
	fprintf(out, "node %s, up %s\n", s->host, table_time(up, s->uptime_ns));
	fprintf(out, "Linux %s %s, %zu of %zu CPUs online\n", s->kernel, s->machine, online,
		s->cpu_count);
	fprintf(out, "window %s, ", table_time(window, s->window_ns));
	if (s->agent.present)
		fprintf(out, "from the agent: up %s, %s with its warden\n",
			table_time(own_up, s->agent.uptime_ns),
			table_bytes(rss, s->agent.rss_bytes + s->agent.warden_rss_bytes));
	else
		fprintf(out, "no agent: probes loaded for this look\n");
}

static void print_wait(const struct snapshot *s, const char *name, const struct hist *h, FILE *out)
{
	char rate[CELL], sum[CELL], p50[CELL], p90[CELL], p99[CELL];
	double seconds = window_seconds(s);

	fprintf(out, "%-26s %9s %9s %9s %9s %9s\n", name,
		table_count(rate, (double)hist_count(h) / seconds),
		table_time(sum, (uint64_t)((double)h->sum_ns / seconds)),
		table_time(p50, hist_quantile_ns(h, 0.5)),
		table_time(p90, hist_quantile_ns(h, 0.9)),
		table_time(p99, hist_quantile_ns(h, 0.99)));
}

static void print_cpus(const struct snapshot *s, FILE *out)
{
	struct hist node = snapshot_node_wait(s);
	char name[32];

	fprintf(out, "\n%-26s %9s %9s %9s %9s %9s\n", "WAITING FOR A CPU", "waits/s", "waited/s",
		"p50 <", "p90 <", "p99 <");
	print_wait(s, "node", &node, out);
	for (size_t i = 0; i < s->cpu_count; i++) {
		snprintf(name, sizeof(name), "  cpu%u%s", s->cpus[i].cpu,
			 s->cpus[i].online ? "" : " (offline)");
		print_wait(s, name, &s->cpus[i].wait, out);
	}
}

static bool is_quiet(const struct disk_snapshot *d)
{
	uint64_t n = d->known ? d->in_flight : 0;

	for (int op = 0; op < _DISK_OP_MAX; op++)
		n += d->op[op].ios + d->op[op].completed + hist_count(&d->op[op].device);
	return !n;
}

static void print_disk(const struct snapshot *s, const struct disk_snapshot *d, FILE *out)
{
	char reads[CELL], read[CELL], writes[CELL], written[CELL], p50[CELL], p99[CELL], now[CELL];
	const struct disk_count_snapshot *r = &d->op[DISK_READ], *w = &d->op[DISK_WRITE];
	double seconds = window_seconds(s);
	struct hist times = { 0 };

	for (int op = 0; op < _DISK_OP_MAX; op++)
		hist_add(&times, &d->op[op].device);
	snprintf(now, sizeof(now), "%llu", (unsigned long long)d->in_flight);
	fprintf(out, "%-16.16s %8s %9s %8s %9s %8s %8s %6s\n", d->name,
		table_count(reads, (double)r->ios / seconds),
		table_bytes(read, (uint64_t)((double)r->bytes / seconds)),
		table_count(writes, (double)w->ios / seconds),
		table_bytes(written, (uint64_t)((double)w->bytes / seconds)),
		table_time(p50, hist_quantile_ns(&times, 0.5)),
		table_time(p99, hist_quantile_ns(&times, 0.99)), d->known ? now : "?");
}

static void print_disks(const struct snapshot *s, FILE *out)
{
	size_t shown = 0, quiet = 0;

	if (!s->disks_measured)
		return;
	fprintf(out, "\n%-16s %8s %9s %8s %9s %8s %8s %6s\n", "DISK", "reads/s", "read/s",
		"writes/s", "written/s", "p50 <", "p99 <", "now");
	for (size_t i = 0; i < s->disk_count; i++) {
		if (is_quiet(&s->disks[i])) {
			quiet++;
		} else if (shown < DISKS_SHOWN) {
			print_disk(s, &s->disks[i], out);
			shown++;
		}
	}
	if (s->disk_count - quiet > shown)
		fprintf(out, "and %zu more: -o json shows all\n", s->disk_count - quiet - shown);
	if (!shown)
		fprintf(out, "no disk did anything\n");
}

static void print_cgroups(const struct snapshot *s, FILE *out)
{
	double seconds = window_seconds(s);

	fprintf(out, "\n%-32s %8s %9s %8s %9s %9s\n", "CGROUP, LONGEST WAIT FIRST", "waits/s",
		"waited/s", "mean", "read/s", "written/s");
	for (size_t i = 0; i < s->cgroup_count && i < CGROUPS_SHOWN; i++) {
		const struct cgroup_snapshot *c = &s->cgroups[i];
		char path[64], rate[CELL], sum[CELL], mean[CELL], read[CELL], written[CELL];
		struct share_count r = snapshot_share(s, c->number, DISK_READ);
		struct share_count w = snapshot_share(s, c->number, DISK_WRITE);

		fprintf(out, "%-32s %8s %9s %8s %9s %9s\n",
			table_tail(path, sizeof(path), c->path, 32),
			table_count(rate, (double)c->sched[SCHED_WAITS] / seconds),
			table_time(sum, (uint64_t)((double)c->sched[SCHED_WAIT_NS] / seconds)),
			table_time(mean, c->sched[SCHED_WAITS]
						 ? c->sched[SCHED_WAIT_NS] / c->sched[SCHED_WAITS]
						 : 0),
			table_bytes(read, (uint64_t)((double)r.bytes / seconds)),
			table_bytes(written, (uint64_t)((double)w.bytes / seconds)));
	}
	if (s->cgroup_count > CGROUPS_SHOWN)
		fprintf(out, "and %zu more: -o json shows all\n", s->cgroup_count - CGROUPS_SHOWN);
}

/* Two lines: how much memory is left, and which share of the window tasks stood still. */
static void print_node(const struct snapshot *s, FILE *out)
{
	char available[CELL], total[CELL], swap[CELL];
	const struct memory *m = &s->memory;
	const char *before = "pressure ";

	if (m->known) {
		fprintf(out, "memory %s of %s available",
			table_bytes(available, m->available_bytes),
			table_bytes(total, m->total_bytes));
		if (m->swap_total_bytes)
			fprintf(out, ", %s swapped",
				table_bytes(swap, m->swap_total_bytes - m->swap_free_bytes));
		if (m->oom_kills)
			fprintf(out, ", %llu killed for want of it since boot",
				(unsigned long long)m->oom_kills);
		fputc('\n', out);
	}
	for (int of = 0; of < _PRESSURE_MAX; of++) {
		if (!s->pressure[of].known)
			continue;
		fprintf(out, "%s%s %.1f%%", before, pressure_names[of],
			(double)s->pressure[of].some_ns / (window_seconds(s) * 1e7));
		before = ", ";
	}
	if (*before == ',')
		fputs(" of the time a task stood still for it\n", out);
}

void print_snapshot(const struct snapshot *s, bool colour, FILE *out)
{
	bool measured = false;

	print_head(s, out);
	print_node(s, out);
	for (size_t i = 0; i < s->subject_count; i++)
		measured |= s->subjects[i].state != FINDING_OFF;
	if (measured) {
		print_cpus(s, out);
		print_disks(s, out);
		print_cgroups(s, out);
	}
	fputc('\n', out);
	for (size_t i = 0; i < s->subject_count; i++) {
		const struct subject_snapshot *subject = &s->subjects[i];

		fprintf(out, "%-6s %s %s%s%s\n", subject->name, table_state(subject->state, colour),
			subject->hook, subject->hook[0] && subject->reason[0] ? ": " : "",
			subject->reason);
		if (subject->state == FINDING_OFF)
			fprintf(out, "       `fairlead doctor` says what to do\n");
	}
}
