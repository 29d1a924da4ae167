/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/printable.h"

const char *table_time(char ret[CELL], uint64_t ns)
{
	double v = (double)ns;

	if (!ns)
		snprintf(ret, CELL, "0");
	else if (v < 1e6)
		snprintf(ret, CELL, v < 1e4 ? "%.1fus" : "%.0fus", v / 1e3);
	else if (v < 1e9)
		snprintf(ret, CELL, v < 1e7 ? "%.1fms" : "%.0fms", v / 1e6);
	else if (v < 100e9)
		snprintf(ret, CELL, "%.1fs", v / 1e9);
	else if (v < 100 * 60e9)
		snprintf(ret, CELL, "%.0fm", v / 60e9);
	else
		snprintf(ret, CELL, "%lluh%02llum", (unsigned long long)(ns / NS_PER_SEC / 3600),
			 (unsigned long long)(ns / NS_PER_SEC / 60 % 60));
	return ret;
}

static const char *scaled(char ret[CELL], double n, double step, const char *units)
{
	while (n >= step * 0.9995 && units[1]) {
		n /= step;
		units++;
	}
	if (*units == ' ')
		snprintf(ret, CELL, "%.0f", n);
	else
		snprintf(ret, CELL, n < 9.95 ? "%.1f%c" : "%.0f%c", n, *units);
	return ret;
}

const char *table_count(char ret[CELL], double n)
{
	return scaled(ret, n, 1000, " kMGT");
}

const char *table_bytes(char ret[CELL], uint64_t n)
{
	return scaled(ret, (double)n, 1024, " KMGT");
}

const char *table_tail(char *ret, size_t size, const char *text, size_t width)
{
	const char *end = printable_end(text, width);
	size_t columns, used;

	if (*text && end != text && width > 2) {
		end = printable_end(text, width - 2);
		printable_copy(ret, size, "..");
	} else {
		*ret = '\0';
	}
	used = strlen(ret);
	printable_copy(ret + used, size - used, end);
	used = strlen(ret);
	for (columns = printable_columns(ret); columns < width && used + 1 < size; columns++)
		ret[used++] = ' ';
	ret[used] = '\0';
	return ret;
}

void table_wrap(const char *text, unsigned int at, unsigned int indent, unsigned int columns,
		FILE *out)
{
	size_t room = columns > at + 1 ? columns - at : 1;

	while (printable_columns(text) > room) {
		size_t cut =
			strlen(text) - strlen(printable_end(text, printable_columns(text) - room));
		size_t end = cut;

		while (end && text[end] != ' ')
			end--;
		if (!end)
			end = cut ? cut : strlen(text); /* one long word */
		fprintf(out, "%.*s\n%*s", (int)end, text, (int)indent, "");
		text += end + (text[end] == ' ');
		room = columns > indent + 1 ? columns - indent : 1;
	}
	fprintf(out, "%s\n", text);
}

unsigned int table_columns(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col < 40 ? 40 : size.ws_col;
}

bool table_colour(FILE *out, bool no_color)
{
	const char *no = getenv("NO_COLOR");

	return !no_color && !(no && *no) && isatty(fileno(out));
}

const char *table_state(enum finding_state state, bool colour)
{
	static const char *const plain[] = { "on      ", "fallback", "off     " };
	static const char *const bright[] = { "\033[32mon\033[0m      ", "\033[33mfallback\033[0m",
					      "\033[31moff\033[0m     " };

	return (colour ? bright : plain)[state];
}
