/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/base/cleanup.h"
#include "agent/base/words.h"
#include "bpf/lib/ledger.h"

#define NONE (-1) /* no way for this part */

struct load {
	struct bpf_object *object;
	struct bpf_link *links[LOAD_PARTS];
};

/* libbpf hands its print function no context: the line lives here from call to return. */
static char last_words[LOAD_TEXT];

static int keep_last_words(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[1024]; /* libbpf's own lines are shorter */

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	if (!last_words[0]) /* the first complaint is the cause, what follows it the wreck */
		words_copy(last_words, sizeof(last_words), line);
	return 0;
}

static uint32_t shards_for(uint32_t cpus)
{
	uint32_t shards = 1;

	while (shards < cpus && shards < FL_LEDGER_SHARDS)
		shards *= 2;
	return shards;
}

void *load_data(struct bpf_object *object, const char *map)
{
	size_t size;

	return bpf_map__initial_value(bpf_object__find_map_by_name(object, map), &size);
}

struct load *load_free(struct load *l)
{
	if (l) {
		for (int part = 0; part < LOAD_PARTS; part++)
			bpf_link__destroy(l->links[part]);
		bpf_object__close(l->object);
	}
	free(l);
	return NULL;
}

uint64_t load_missed(const struct load *l)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program (program, l->object) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		if (bpf_program__fd(program) >= 0 &&
		    !bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}

static void load_freep(struct load **l)
{
	*l = load_free(*l);
}

static const char *program_of(const struct load_part *part, int way)
{
	return way == NONE ? NULL : part->ways[way].program;
}

static bool is_chosen(const struct load_subject *subject, const int *ways, const char *name)
{
	for (int part = 0; subject->parts[part].name; part++) {
		const char *program = program_of(&subject->parts[part], ways[part]);

		if (program && !strcmp(program, name))
			return true;
	}
	return false;
}

/* Loads and attaches the chosen way of each part: all of them, or nothing. */
static int load_ways(struct load **ret, const struct load_subject *subject, const int *ways,
		     bool cgroups, const struct load_shape *shape)
{
	CLEANUP(load_freep) struct load *l = calloc(1, sizeof(*l));
	struct bpf_program *program;
	const void *bytes;
	size_t size;
	int r;

	if (!l)
		return -ENOMEM;
	bytes = subject->bytes(&size);
	l->object = bpf_object__open_mem(bytes, size, NULL);
	if (!l->object)
		return -errno;
	bpf_object__for_each_program (program, l->object)
		bpf_program__set_autoload(program,
					  is_chosen(subject, ways, bpf_program__name(program)));
	subject->set_up(l->object, shape, cgroups);
	r = bpf_object__load(l->object);
	if (r)
		return r;
	for (int part = 0; subject->parts[part].name; part++) {
		const char *name = program_of(&subject->parts[part], ways[part]);

		if (!name)
			continue;
		program = bpf_object__find_program_by_name(l->object, name);
		l->links[part] = bpf_program__attach(program);
		if (!l->links[part])
			return -errno;
	}
	*ret = TAKE(l);
	return 0;
}

/*
 * libbpf holds all data mapped, where it weighs on our memory though nobody looks at it any more.
 * The mapping stays libbpf's; only its pages go.
 */
static void forget_data(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object) {
		size_t size, page = (size_t)sysconf(_SC_PAGESIZE);
		void *data = bpf_map__initial_value(map, &size);

		if (data)
			madvise(data, (size + page - 1) / page * page, MADV_DONTNEED);
	}
}

/* The first way of a part that works by itself, or NONE. */
static int find_way(const struct load_subject *subject, int part, int only,
		    const struct load_shape *shape, int tried[LOAD_WAYS])
{
	int ways[LOAD_PARTS];

	for (int other = 0; other < LOAD_PARTS; other++)
		ways[other] = NONE;
	for (int way = 0; way < LOAD_WAYS; way++) {
		CLEANUP(load_freep) struct load *trial = NULL;

		if (!subject->parts[part].ways[way].hook || (only >= 0 && only != way))
			continue;
		ways[part] = way;
		tried[way] = load_ways(&trial, subject, ways, false, shape);
		if (!tried[way])
			return way;
	}
	return NONE;
}

static int find_ways(const struct load_subject *subject, int only, int *ways,
		     struct load_result *result)
{
	int found = 0, error = 0;

	for (int part = 0; subject->parts[part].name; part++) {
		last_words[0] = '\0';
		ways[part] = find_way(subject, part, only, &result->shape, result->tried[part]);
		found += ways[part] != NONE;
		if (ways[part] != NONE || (error && !subject->parts[part].needed))
			continue;
		snprintf(result->text, sizeof(result->text), "%s", last_words);
		for (int way = 0; way < LOAD_WAYS; way++)
			if (result->tried[part][way] < 0)
				error = result->tried[part][way];
		if (subject->parts[part].needed)
			return error ? error : -ENOENT;
	}
	return found ? 0 : error ? error : -ENOENT;
}

int load_new(struct load **ret, const struct load_subject *subject, int only, bool cgroups,
	     struct load_result *result)
{
	int cpus = libbpf_num_possible_cpus(), ways[LOAD_PARTS], r;

	*result = (struct load_result){ 0 };
	for (int part = 0; part < LOAD_PARTS; part++)
		for (int way = 0; way < LOAD_WAYS; way++)
			result->tried[part][way] = LOAD_NOT_TRIED;
	if (cpus < 0)
		return cpus;
	result->shape =
		(struct load_shape){ .cpus = (uint32_t)cpus, .shards = shards_for((uint32_t)cpus) };
	if (cpus > FL_CPUS) {
		snprintf(result->text, sizeof(result->text), "%d CPUs, and there is room for %d",
			 cpus, FL_CPUS);
		return -E2BIG;
	}
	libbpf_set_print(keep_last_words);
	last_words[0] = '\0';
	for (int part = 0; part < LOAD_PARTS; part++)
		ways[part] = only < 0 ? 0 : subject->parts[part].ways[only].hook ? only : NONE;
	/* Most kernels take the best of everything: all at once.  Else part by part. */
	r = load_ways(ret, subject, ways, cgroups, &result->shape);
	if (r) {
		r = find_ways(subject, only, ways, result);
		if (!r)
			r = load_ways(ret, subject, ways, cgroups, &result->shape);
	}
	if (r)
		return r;
	for (int part = 0; subject->parts[part].name; part++)
		if (ways[part] != NONE)
			result->tried[part][ways[part]] = 0;
	forget_data((*ret)->object);
	for (int map = 0; map < LOAD_MAPS && subject->maps[map]; map++) {
		result->fds[map] =
			bpf_object__find_map_fd_by_name((*ret)->object, subject->maps[map]);
		result->fd_count++;
	}
	return 0;
}
