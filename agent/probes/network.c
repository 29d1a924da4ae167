/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/fs.h"

/* "  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 …": 8 numbers received, then 8 sent. */
static int parse_line(const char *line, struct interface *ret)
{
	struct interface_way *r = &ret->received, *s = &ret->sent;
	const char *name = line + strspn(line, " "), *colon = strchr(name, ':');

	if (!colon || colon == name || (size_t)(colon - name) >= sizeof(ret->name))
		return 0;
	memcpy(ret->name, name, (size_t)(colon - name));
	ret->name[colon - name] = '\0';
	return sscanf(colon + 1,
		      "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64 "%*u%*u%*u%*u%" SCNu64 "%" SCNu64
		      "%" SCNu64 "%" SCNu64,
		      &r->bytes, &r->packets, &r->errors, &r->dropped, &s->bytes, &s->packets,
		      &s->errors, &s->dropped) == 8;
}

void network_parse(struct network *ret, const char *text)
{
	*ret = (struct network){ 0 };
	for (const char *line = text; line; line = strchr(line, '\n')) {
		struct interface one = { 0 };
		char copy[256];

		line += *line == '\n';
		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
		if (!parse_line(copy, &one)) /* two lines of headings, or nothing */
			continue;
		if (ret->count < INTERFACES_MAX)
			ret->interfaces[ret->count++] = one;
		else
			ret->unread++;
	}
}

void network_read(struct network *ret, struct fs_machine *machine)
{
	char text[65536];

	*ret = (struct network){ 0 };
	if (fs_machine_read(machine, "/proc/net/dev", text, sizeof(text)) > 0)
		network_parse(ret, text);
}
