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
static void print_losses(const struct losses *l, FILE *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].count)
			fprintf(out, "%s  %-19s %llu\n", shown++ ? "" : "\nLOST\n",
				l->rows[i].where, (unsigned long long)l->rows[i].count);
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
	print_losses(&f->lost, out);
	if (bad)
		fprintf(out, "\n%zu of %zu are not on.\n", bad, f->count);
	else
		fprintf(out, "\nall %zu are on.\n", f->count);
}
