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
		if (strlen(lines[i].name) == name && !memcmp(lines[i].name, line, name))
			return lines_number(line + name + (line[name] == ':'), lines[i].to);
	return false;
}

size_t lines_read(const char *text, const struct line *lines, size_t count)
{
	size_t found = 0;

	for (const char *end; *text && found < count; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		found += read_line(text, strcspn(text, " \t:\n"), lines, count);
	}
	return found;
}
