/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/pressure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/fs.h"

#define NS_PER_US 1000

static bool total_of(const char *text, const char *kind, uint64_t *ret)
{
	const char *line = strstr(text, kind), *total;
	uint64_t us;

	if (!line || (line != text && line[-1] != '\n'))
		return false;
	total = strstr(line, " total=");
	if (!total || total > line + strcspn(line, "\n") ||
	    sscanf(total, " total=%" SCNu64, &us) != 1)
		return false;
	*ret = us * NS_PER_US;
	return true;
}

bool pressure_parse(struct pressure *ret, const char *text)
{
	struct pressure p = { .known = total_of(text, "some ", &p.some_ns) };

	/* kernels before 5.13 have no "full" for the CPU */
	if (!total_of(text, "full ", &p.full_ns))
		p.full_ns = 0;
	if (p.known)
		*ret = p;
	return p.known;
}

void pressure_read(struct pressure ret[_PRESSURE_MAX], struct fs_machine *machine)
{
	char path[64], text[512];

	memset(ret, 0, sizeof(*ret) * _PRESSURE_MAX);
	for (int of = 0; of < _PRESSURE_MAX; of++) {
		snprintf(path, sizeof(path), "/proc/pressure/%s", pressure_names[of]);
		if (fs_machine_read(machine, path, text, sizeof(text)) > 0)
			pressure_parse(&ret[of], text);
	}
}
