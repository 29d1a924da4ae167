/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: the warden's half of every probe.  Puts a subject's programs into the kernel, each at
 * the first hook that this kernel takes, and keeps them attached for as long as the object
 * lives.  A part that has no hook here is left out; the rest measures on.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;
struct load;

enum { LOAD_PARTS = 10, LOAD_WAYS = 3, LOAD_MAPS = 4, LOAD_TEXT = 256 };

#define LOAD_NOT_TRIED 1

/* What is done at one event, and the ways to do it, the cheapest first: see enum hook_choice. */
struct load_part {
	const char *name; /* of the kernel's event; NULL ends the list */
	const char *lost; /* what is not measured without it */
	bool needed;      /* nothing else makes sense without it */
	struct load_way {
		const char *hook, *program; /* NULL: no such way */
	} ways[LOAD_WAYS];
};

struct load_shape {
	uint32_t cpus, shards; /* as bpf/lib/ledger.h uses them */
};

struct load_subject {
	const char *name;
	const void *(*bytes)(size_t *size);     /* the object, as its skeleton has it */
	const char *maps[LOAD_MAPS];            /* what the agent gets to read; NULL: no more */
	struct load_part parts[LOAD_PARTS + 1]; /* one more, so that there is an end */
	/* Fills the object's data before it is loaded. */
	void (*set_up)(struct bpf_object *object, const struct load_shape *shape, bool cgroups);
};

struct load_result {
	int tried[LOAD_PARTS][LOAD_WAYS]; /* 0: in use, -errno, or LOAD_NOT_TRIED */
	struct load_shape shape;
	uint32_t fd_count;
	int fds[LOAD_MAPS]; /* borrowed: they live as long as the object */
	char text[LOAD_TEXT];
};

extern const struct load_subject sched_subject, disk_subject, cache_subject;

/* only: the way to try of each part, or -1 for the best that works.  *result is filled either way. */
int load_new(struct load **ret, const struct load_subject *subject, int only, bool cgroups,
	     struct load_result *result);
struct load *load_free(struct load *l);

/* Runs that the kernel left out since load: the program, or another one, was at work on that CPU. */
uint64_t load_missed(const struct load *l);

/* The data of a section as it will be loaded; for set_up. */
void *load_data(struct bpf_object *object, const char *map);
