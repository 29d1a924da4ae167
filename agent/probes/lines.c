/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/lines.h"

#include <string.h>

bool lines_number(const char *text, uint64_t *ret)
{
	uint64_t n = 0;

	while (*text == ' ' || *text == '\t')
		text++;
	if (!strncmp(text, "max", 3)) {
		*ret = UINT64_MAX;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n)) {
			n = UINT64_MAX;
			break;
		}
	*ret = n;
	return true;
}

uint64_t lines_times(uint64_t n, uint64_t by)
{
	return __builtin_mul_overflow(n, by, &n) ? UINT64_MAX : n;
}

static bool read_line(const char *line, size_t name, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i].name[0] == *line && !strncmp(lines[i].name, line, name) &&
		    !lines[i].name[name])
			return lines_number(line + name + (line[name] == ':'), lines[i].to);
	return false;
}

/* Hundreds of lines are passed over to find a few: strcspn() would prepare itself for each. */
static size_t name_length(const char *line)
{
	size_t n = 0;

	while (line[n] && line[n] != ' ' && line[n] != '\t' && line[n] != ':' && line[n] != '\n')
		n++;
	return n;
}

size_t lines_read(const char *text, const struct line *lines, size_t count)
{
	size_t found = 0;

	for (const char *end; *text && found < count; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		found += read_line(text, name_length(text), lines, count);
	}
	return found;
}
