/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold [-n|-e] OBJECT|SUBJECT...: loads and attaches every program of BPF objects, or of subjects
 * of Fairlead's (sched, disk, cache) just as its warden does it, says "held", and lets go of them
 * when it is told to end.  Nothing is pinned, so nothing can stay.  -n counts nothing per cgroup.
 * -e puts empty programs on the hooks that a subject has here: what the hooks themselves cost,
 * whoever is on them.  What our programs add to this is ours.
 */
#include <bpf/bpf.h>
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

/* `return 0` on a hook as load.h writes them. */
static int hold_empty(const char *hook)
{
	const struct bpf_insn nothing[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
					    { .code = BPF_JMP | BPF_EXIT } };
	const char *event = strchr(hook, '/') + 1;
	bool raw = !strncmp(hook, "raw_tp/", strlen("raw_tp/"));
	LIBBPF_OPTS(bpf_prog_load_opts, how);
	int program;

	if (!raw) {
		how.expected_attach_type = strncmp(hook, "fentry/", strlen("fentry/"))
						   ? BPF_TRACE_RAW_TP
						   : BPF_TRACE_FENTRY;
		how.attach_btf_id =
			(__u32)libbpf_find_vmlinux_btf_id(event, how.expected_attach_type);
	}
	program = bpf_prog_load(raw ? BPF_PROG_TYPE_RAW_TRACEPOINT : BPF_PROG_TYPE_TRACING, "empty",
				"Dual BSD/GPL", nothing, 2, &how);
	if (program < 0 || bpf_raw_tracepoint_open(raw ? event : NULL, program) < 0) {
		fprintf(stderr, "hold: cannot load nothing on %s: %s\n", hook, strerror(errno));
		return 1;
	}
	return 0;
}

static int hold_empties(const struct load_subject *subject)
{
	struct load_result result;
	struct load *load;
	int r = load_new(&load, subject, -1, true, &result); /* to see which hooks it takes */

	if (r) {
		fprintf(stderr, "hold: cannot load: %s: %s\n", strerror(-r), result.text);
		return 1;
	}
	load_free(load);
	for (int part = 0; subject->parts[part].name; part++)
		for (int way = 0; way < LOAD_WAYS; way++)
			if (!result.tried[part][way] && subject->parts[part].ways[way].hook &&
			    hold_empty(subject->parts[part].ways[way].hook))
				return 1;
	return 0;
}

enum kind { ALL, NODE_ONLY, EMPTY };

static int hold(const char *what, enum kind kind)
{
	const struct load_subject *const subjects[] = { &sched_subject, &disk_subject,
							&cache_subject };

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (!strcmp(what, subjects[i]->name))
			return kind == EMPTY ? hold_empties(subjects[i])
					     : hold_subject(subjects[i], kind == ALL);
	return hold_object(what);
}

int main(int argc, char **argv)
{
	enum kind kind = ALL;

	if (argc > 1 && argv[1][0] == '-') {
		kind = !strcmp(argv[1], "-n") ? NODE_ONLY : EMPTY;
		argc--;
		argv++;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: hold [-n|-e] OBJECT|sched|disk|cache...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		if (hold(argv[i], kind))
			return 1;
	puts("held");
	fflush(stdout);
	pause(); /* the kernel detaches at our end, whatever ends us */
	return 0;
}
