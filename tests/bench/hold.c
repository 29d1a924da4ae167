/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold OBJECT|sched: loads and attaches every program of a BPF object, or what Fairlead has for
 * the scheduler just as its warden does it, says "held", and lets go of them when it is told to
 * end.  Nothing is pinned, so nothing can stay.
 */
#include <bpf/libbpf.h>
#include <errno.h>
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

static int hold_sched(void)
{
	struct load_result result;
	struct load *load; /* held to the end */
	int r = load_new(&load, &sched_subject, -1, true, &result);

	if (r)
		fprintf(stderr, "hold: cannot load: %s: %s\n", strerror(-r), result.text);
	return r != 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: hold OBJECT|sched\n");
		return 2;
	}
	if (strcmp(argv[1], "sched") ? hold_object(argv[1]) : hold_sched())
		return 1;
	puts("held");
	fflush(stdout);
	pause(); /* the kernel detaches at our end, whatever ends us */
	return 0;
}
