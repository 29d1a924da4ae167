/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "agent/cli/print.h"
#include "agent/cli/table.h"
#include "agent/snapshot/finding.h"

#define NAME   19
#define INDENT 31 /* two spaces, name, state, a space each */

static void print_part(const char *label, const char *text, unsigned int columns, FILE *out)
{
	char line[512];

	if (!text[0])
		return;
	snprintf(line, sizeof(line), "%s: %s", label, text);
	fprintf(out, "%*s", INDENT, "");
	table_wrap(line, INDENT, INDENT, columns, out);
}

/* Where nothing was lost there is nothing to look at. */
static void print_losses(const struct losses *l, unsigned int columns, FILE *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct lost *row = &l->rows[i];
		char count[24];
		int width;

		if (!row->count)
			continue;
		/* As wide as a state, so that what stands behind begins where reasons do. */
		width = snprintf(count, sizeof(count), "%-8llu", (unsigned long long)row->count);
		fprintf(out, "%s  %-*s %s ", shown++ ? "" : "\nLOST\n", NAME, row->where, count);
		table_wrap(lost_meaning(row->where), INDENT - 8 + (unsigned int)width, INDENT,
			   columns, out);
	}
}

void print_findings(const struct findings *f, const char *kernel, bool colour, FILE *out)
{
	static const char *const heads[] = { "HOOKS", "BACKENDS", "CAPABILITIES" };
	unsigned int columns = table_columns(out);
	size_t bad = 0;

	fprintf(out, "Linux %s\n", kernel);
	for (int kind = 0; kind < _FINDING_KIND_MAX; kind++) {
		fprintf(out, "\n%s\n", heads[kind]);
		for (size_t i = 0; i < f->count; i++) {
			const struct finding *row = &f->rows[i];

			if ((int)row->kind != kind)
				continue;
			bad += row->state != FINDING_ON;
			fprintf(out, "  %-*s", NAME, row->name);
			if (strlen(row->name) >
			    NAME) /* too long for its column: a line of its own */
				fprintf(out, "\n%*s", NAME + 2, "");
			fprintf(out, " %s ", table_state(row->state, colour));
			table_wrap(row->reason, INDENT, INDENT, columns, out);
			print_part("lost", row->lost, columns, out);
			print_part("mend", row->mend, columns, out);
		}
	}
	print_losses(&f->lost, columns, out);
	if (bad)
		fprintf(out, "\n%zu of %zu %s not on.\n", bad, f->count, bad == 1 ? "is" : "are");
	else
		fprintf(out, "\nall %zu are on.\n", f->count);
}
