/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold [-n] OBJECT|SUBJECT...: loads and attaches every program of BPF objects, or of subjects of
 * Fairlead's (sched, disk, cache) just as its warden does it, says "held", and lets go of them when
 * it is told to end.  Nothing is pinned, so nothing can stay.  -n counts nothing per cgroup.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/probes/load.h"

static int hold_object(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;

	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "hold: cannot load: %s\n", strerror(errno));
		return 1;
	}
	bpf_object__for_each_program (program, object)
		if (!bpf_program__attach(program)) {
			fprintf(stderr, "hold: cannot attach: %s\n", strerror(errno));
			return 1;
		}
	return 0;
}

static int hold_subject(const struct load_subject *subject, bool cgroups)
{
	struct load_result result;
	struct load *load; /* held to the end */
	int r = load_new(&load, subject, -1, cgroups, &result);

	if (r)
		fprintf(stderr, "hold: cannot load: %s: %s\n", strerror(-r), result.text);
	return r != 0;
}

static int hold(const char *what, bool cgroups)
{
	const struct load_subject *const subjects[] = { &sched_subject, &disk_subject,
							&cache_subject };

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (!strcmp(what, subjects[i]->name))
			return hold_subject(subjects[i], cgroups);
	return hold_object(what);
}

int main(int argc, char **argv)
{
	bool cgroups = true;

	if (argc > 1 && !strcmp(argv[1], "-n")) {
		cgroups = false;
		argc--;
		argv++;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: hold [-n] OBJECT|sched|disk|cache...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		if (hold(argv[i], cgroups))
			return 1;
	puts("held");
	fflush(stdout);
	pause(); /* the kernel detaches at our end, whatever ends us */
	return 0;
}
