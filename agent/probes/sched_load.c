/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/sched_load.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "bpf/lib/ledger.h"
#include "bpf/sched/sched.h"
#include "bpf/sched/sched.skel.h"

struct sched_load {
	struct sched_bpf *skeleton;
};

const char *const sched_hook_names[] = { "tp_btf/sched_switch", "raw_tp/sched_switch" };
_Static_assert(sizeof(sched_hook_names) / sizeof(char *) == _SCHED_HOOK_MAX, "a name a hook");

/* libbpf hands its print function no context: the line lives here from call to return. */
static char last_words[128];

static int keep_last_words(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[sizeof(last_words)];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	if (!last_words[0]) /* the first complaint is the cause, what follows it the wreck */
		snprintf(last_words, sizeof(last_words), "%.*s", (int)strcspn(line, "\n"), line);
	return 0;
}

static uint32_t shards_for(uint32_t cpus)
{
	uint32_t shards = 1;

	while (shards < cpus && shards < FL_LEDGER_SHARDS)
		shards *= 2;
	return shards;
}

static struct bpf_program *program_of(struct sched_bpf *skeleton, int hook)
{
	return hook == SCHED_HOOK_TP_BTF ? skeleton->progs.fl_sched_switch
					 : skeleton->progs.fl_sched_raw;
}

static void set_up(struct fl_sched_cpu *rows, bool cgroups, const struct sched_load_result *result)
{
	for (uint32_t cpu = 0; cpu < FL_CPUS; cpu++) {
		rows[cpu].shard = cpu % result->shards * FL_LEDGER_ROWS;
		rows[cpu].shared = result->cpus > result->shards;
		rows[cpu].no_cgroups = !cgroups;
	}
}

static int try_hook(struct sched_bpf **ret, int hook, bool cgroups,
		    struct sched_load_result *result)
{
	struct sched_bpf *skeleton = sched_bpf__open();
	int r;

	if (!skeleton)
		return -errno;
	for (int other = 0; other < _SCHED_HOOK_MAX; other++)
		bpf_program__set_autoload(program_of(skeleton, other), other == hook);
	set_up(skeleton->bss_fl_cpu->fl_sched_cpu, cgroups, result);
	r = sched_bpf__load(skeleton);
	if (!r)
		r = sched_bpf__attach(skeleton);
	if (r) {
		sched_bpf__destroy(skeleton);
		return r;
	}
	*ret = skeleton;
	return 0;
}

int sched_load_new(struct sched_load **ret, int only, bool cgroups,
		   struct sched_load_result *result)
{
	CLEANUP(freep) struct sched_load *s = calloc(1, sizeof(*s));
	int cpus = libbpf_num_possible_cpus();
	int r = -ENOENT;

	if (!s)
		return -ENOMEM;
	if (cpus < 0)
		return cpus;
	*result = (struct sched_load_result){ .cpus = (uint32_t)cpus,
					      .shards = shards_for((uint32_t)cpus) };
	if (cpus > FL_CPUS) {
		snprintf(result->text, sizeof(result->text), "%d CPUs, and there is room for %d",
			 cpus, FL_CPUS);
		return -E2BIG;
	}
	libbpf_set_print(keep_last_words);
	for (int hook = 0; hook < _SCHED_HOOK_MAX; hook++)
		result->tried[hook] = HOOK_NOT_TRIED;
	for (int hook = 0; hook < _SCHED_HOOK_MAX && r; hook++) {
		if (only >= 0 && only != hook)
			continue;
		last_words[0] = '\0';
		r = try_hook(&s->skeleton, hook, cgroups, result);
		result->tried[hook] = r;
		result->hook = (uint32_t)hook;
		if (r)
			snprintf(result->text, sizeof(result->text), "%s", last_words);
	}
	if (r)
		return r;
	result->fds[SCHED_FD_CPU] = bpf_map__fd(s->skeleton->maps.bss_fl_cpu);
	result->fds[SCHED_FD_CGROUP] = bpf_map__fd(s->skeleton->maps.bss_fl_cgroup);
	*ret = TAKE(s);
	return 0;
}

struct sched_load *sched_load_free(struct sched_load *s)
{
	if (s)
		sched_bpf__destroy(s->skeleton);
	free(s);
	return NULL;
}
