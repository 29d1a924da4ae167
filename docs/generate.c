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
	static const char *const kinds[] = { "sum",
					     "gauge",
					     "exponential histogram",
					     "exponential histogram",
					     "gauge",
					     "sum that may fall" };
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

static void metrics(const struct command *all, size_t n, FILE *out)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram",
					     "summary (native histogram in protobuf)", "info" };

	(void)all;
	(void)n;
	fputs("<!-- Made by `make docs` from exporters/families.c. -->\n"
	      "# Metrics\n\n"
	      "`GET /metrics` gives these, as Prometheus text or, where the scraper asks for it, as "
	      "OpenMetrics or protobuf. Counters count since the probes were loaded. The buckets of a "
	      "histogram are powers of two from 1.024 µs to 68 s. A cgroup is named by its path; `pod` "
	      "and `container` are what the path tells, or empty. A counter of a cgroup that is still 0 "
	      "has no line, but for kills; one has at most 24 lines as text. What the kernel's own "
	      "files say (CPU time, memory, throttling, pressure of a cgroup; all of the node) counts "
	      "since boot or since the cgroup was made, and for a cgroup with all below it. A "
	      "scrape is told what was read in the last 10 s at most; what BPF counts is as of the "
	      "scrape.\n\n"
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
