/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate: writes what is made from the tables of commands, options and metrics to stdout:
 *   generate help|man1|man5|config-md|cli-md|metrics-md|bash|zsh
 */
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/cli/commands.h"
#include "agent/config/command.h"
#include "agent/config/render.h"
#include "exporters/families.h"
#include "exporters/otlp/names.h"

static void help(const struct command *all, size_t n, FILE *out)
{
	render_help(all, n, NULL, out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "\n--- fairlead %s --help ---\n", all[i].name);
		render_help(all, n, &all[i], out);
	}
}

/* The row's labels as OTLP has them. */
static void otlp_attributes(const struct family *f, FILE *out)
{
	CLEANUP(freep) char *labels = strdup(f->labels);
	const char *between = "";
	char *rest = labels;

	if (f->semantic && f->semantic->attribute) {
		fprintf(out, "%s=%s", f->semantic->attribute, f->semantic->value);
		between = ", ";
	}
	for (char *label; labels && (label = strsep(&rest, ", "));)
		if (*label) {
			fprintf(out, "%s%s", between, names_label(f, label).attribute);
			between = ", ";
		}
}

static void otlp(FILE *out)
{
	static const char *const kinds[] = {
		[FAMILY_COUNTER] = "sum",
		[FAMILY_GAUGE] = "gauge",
		[FAMILY_HISTOGRAM] = "exponential histogram",
		[FAMILY_NATIVE] = "exponential histogram",
		[FAMILY_INFO] = "gauge",
		[FAMILY_LEVEL] = "sum that may fall",
	};
	_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == _FAMILY_KIND_MAX, "a word a kind");
	char name[NAMES_MAX];

	fputs("\n## Over OTLP\n\n"
	      "The same, pushed ([otlp.md](otlp.md)): by the names of OpenTelemetry's semantic "
	      "conventions " SEMANTIC_VERSION
	      " where they have one, else by ours in their fashion. "
	      "Sums are cumulative. An attribute that is empty is left out.\n\n"
	      "| OTLP | kind, unit | attributes | as above |\n|---|---|---|---|\n",
	      out);
	for (size_t i = 0; i < family_count; i++) {
		const struct family *f = &families[i];

		names_metric(f, name);
		fprintf(out, "| `%s` | %s%s%s | ", name, kinds[f->kind], *names_unit(f) ? ", " : "",
			names_unit(f));
		otlp_attributes(f, out);
		fprintf(out, f->name ? " | `%s` |\n" : " | %s |\n", f->name ? f->name : f->help);
	}
}

static void labels(FILE *out)
{
	static const char *const rows[][2] = {
		{ "`subject`", "`sched`, `disk`, `cache`" },
		{ "`hook`, `event`, `program`, `reason`",
		  "a hook of the kernel, which event of it, which program of ours, why it is not the best "
		  "one; `event` of tasks is `started`, `exited`, `exec`, of huge pages `fault`, `fallback`, "
		  "`collapse`, `split`" },
		{ "`detail`", "what may be left out, by its setting" },
		{ "`process`", "`agent`, `warden`" },
		{ "`where`", "what was lost: [http.md](http.md#losses)" },
		{ "`cpu`", "its number" },
		{ "`device`",
		  "a disk by its name, `(other)` for those that found no row; of a filesystem its "
		  "path in /dev" },
		{ "`op`",
		  "`read`, `write`, `discard`, `flush`; of requests that failed in zram `read`, "
		  "`write`" },
		{ "`interface`, `way`", "its name; `received`, `sent`, of paging `in`, `out`" },
		{ "`why`", "`slept`, `preempted`" },
		{ "`to`", "`same_cache`, `other_cache` of the same node, `other_node`" },
		{ "`of`",
		  "`cpu`, `memory`, `io`; of hierarchies `throttling`, `pids`, `pressure` as well" },
		{ "`stalled`", "`some` task, or all that there were (`full`)" },
		{ "`mode`",
		  "`user`, `nice`, `system`, `idle`, `iowait`, `irq`, `softirq`, `steal`" },
		{ "`over`", "`1m`, `5m`, `15m`" },
		{ "`by`", "`kswapd`, `direct`" },
		{ "`hierarchy`", "`v1`, `v2`" },
		{ "`state`",
		  "of memory the keys of `memory` in [http.md](http.md) without `_bytes`; of tasks "
		  "`running`, `blocked`; of files `open`, `limit`; of KSM `shared`, `sharing`, "
		  "`unshared`, `volatile`; of zram `stored`, `compressed`, `used`; of a filesystem "
		  "`size`, `free`, `available`; of a cgroup's memory `used`, `limit`" },
		{ "`what`", "as the keys of `not_read` in [http.md](http.md)" },
		{ "`mountpoint`, `type`", "where a filesystem is mounted, and its kind" },
		{ "`cgroup`, `pod`, `container`", "path, the pod's UID, the container's id" },
		{ "`version`", "of Fairlead" },
	};

	fputs("\n## Labels\n\n| label | is |\n|---|---|\n", out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(out, "| %s | %s |\n", rows[i][0], rows[i][1]);
}

static void metrics(const struct command *all, size_t n, FILE *out)
{
	static const char *const kinds[] = {
		[FAMILY_COUNTER] = "counter",
		[FAMILY_GAUGE] = "gauge",
		[FAMILY_HISTOGRAM] = "histogram",
		[FAMILY_NATIVE] = "summary (native histogram in protobuf)",
		[FAMILY_INFO] = "info",
		[FAMILY_LEVEL] = "gauge",
	};

	_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == _FAMILY_KIND_MAX, "a word a kind");
	(void)all;
	(void)n;
	fputs("<!-- Made by `make docs` from exporters/families.c. -->\n"
	      "# Metrics\n\n"
	      "`GET /metrics` gives these, as Prometheus text or, where the scraper asks for it, as "
	      "OpenMetrics or protobuf. Counters count since the probes were loaded. The buckets of a "
	      "histogram are powers of two from 1.024 µs to 68 s. A cgroup is named by its path; `pod` "
	      "and `container` are what the path tells, or empty. What is not measured, as its subject is off, "
	      "has no line. A counter of a cgroup that is still 0 "
	      "has no line, but for kills; one has at most 24 lines as text. What the kernel's own "
	      "files say (CPU time, memory, throttling, pressure of a cgroup; all of the node) counts "
	      "since boot or since the cgroup was made, and for a cgroup with all below it. A "
	      "scrape is told what of a cgroup was read in the last 15 s at most (its pressures, "
	      "where nothing ran, 2 minutes), of the disks that there were and the filesystems as "
	      "they were mounted then, and how pages were made huge, shared and compressed then; what "
	      "BPF counts, and all else of the node, is as of the scrape. Of operations that a disk "
	      "was never asked for only the numbers of I/Os and bytes are told.\n\n"
	      "In protobuf a histogram has native buckets (schema 0) beside the classic ones. Those of "
	      "schema 0 end at powers of two of a second, ours at powers of two of a nanosecond, and "
	      "2^30 ns are 1.0737 s: each of ours is told as the nearest one of theirs, so that "
	      "quantiles of native histograms come out 6.9 % too low. Counts, sums and the classic "
	      "buckets are exact; `scrape_classic_histograms` keeps these as well. Distributions of "
	      "cgroups are native histograms only; text has their sums and counts.\n\n"
	      "| metric | type | labels | is |\n|---|---|---|---|\n",
	      out);
	for (size_t i = 0; i < family_count; i++)
		if (families[i].name)
			fprintf(out, "| `%s` | %s | %s | %s |\n", families[i].name,
				kinds[families[i].kind], families[i].labels, families[i].help);
	labels(out);
	otlp(out);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*render)(const struct command *all, size_t n, FILE *out);
	} forms[] = {
		{ "help", help },
		{ "man1", render_man_commands },
		{ "man5", render_man_config },
		{ "config-md", render_markdown_config },
		{ "cli-md", render_markdown_commands },
		{ "metrics-md", metrics },
		{ "bash", render_bash },
		{ "zsh", render_zsh },
	};
	size_t n;
	const struct command *all = commands(&n);

	for (size_t i = 0; argc == 2 && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(argv[1], forms[i].name) == 0) {
			forms[i].render(all, n, stdout);
			if (fflush(stdout) == 0 && !ferror(stdout))
				return 0;
			perror("generate");
			return 1;
		}
	fputs("generate: what is to be made is missing: "
	      "say help, man1, man5, config-md, cli-md, metrics-md, bash or zsh\n",
	      stderr);
	return 2;
}
