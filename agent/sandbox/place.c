/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/place.h"

#include <string.h>

#define PATH_BYTES 1024 /* with room for what lies in front of it */

static bool is(const char *part, size_t length, const char *name)
{
	return strlen(name) == length && !strncmp(part, name, length);
}

bool sandbox_is_place(const char *path)
{
	size_t parts = 0, length;

	if (*path != '/' || strlen(path) >= PATH_BYTES)
		return false;
	for (const char *part = path; *part; part += length) {
		part += strspn(part, "/");
		length = strcspn(part, "/");
		if (is(part, length, ".."))
			return false;
		if (!length || is(part, length, "."))
			continue;
		if (!parts++ && (is(part, length, "proc") || is(part, length, "dev")))
			return false;
	}
	return parts;
}
