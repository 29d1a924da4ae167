/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandboxes ROOT COMMAND [grouped|host]: starts COMMAND cold in a sandbox from a process that
 * runs already, as an agent would, and waits for it; once for each line that it reads, and
 * answers it with the microseconds that it took.  With grouped the sandbox has a cgroup with
 * limits, made before the clock runs, as by a pool; with host the root is the machine's /usr.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/sandbox/group.h"
#include "agent/sandbox/group_host.h"
#include "agent/sandbox/sandbox.h"

static int once(const struct sandbox_spec *spec)
{
	uint64_t began = clock_mono_ns();
	struct sandbox_why why = { 0 };
	struct sandbox_result result;
	struct sandbox s;

	if (sandbox_start(&s, spec, &why)) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	(void)sandbox_wait(&s, &result);
	if (!result.told || result.status)
		return 1;
	printf("%.1f\n", (double)(clock_mono_ns() - began) / 1000);
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct group_limits limits = { .memory_bytes = 64 << 20,
					     .cpu_thousandths = 1000,
					     .processes = 16 };
	bool grouped = argc > 3 && !strcmp(argv[3], "grouped");
	bool host = argc > 3 && !strcmp(argv[3], "host");
	struct sandbox_group group = { .folder = -1 };
	struct group_host groups = { 0 };
	struct sandbox_spec spec = {
		.root = host ? NULL : argv[1],
		.argv = argv + 2,
		.env = (char *[]){ (char *)"PATH=/bin", NULL },
		.out = 1,
		.err = 2,
		.uid = 1000,
		.gid = 1000,
		.tmp_bytes = 64 << 20,
		.tmp_inodes = 16384,
		.open_files = 1024,
	};
	char line[16];
	int r = 0;

	if (argc < 3)
		return 2;
	argv[3] = NULL;
	while (!r && fgets(line, sizeof(line), stdin)) {
		if (grouped && group_host_find(&groups))
			return 1;
		group_host_narrow(&groups, &limits);
		if (grouped && (group_make(&group, &groups, &limits) || group_open(&group)))
			return 1;
		spec.group = grouped ? &group : NULL;
		r = once(&spec);
		if (grouped)
			(void)group_remove(&group);
	}
	return r;
}
