/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched_load: the warden's half of the sched probe.  Loads bpf/sched with the first hook
 * that this kernel takes, and keeps it attached for as long as the object lives.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHED_HOOK_TP_BTF, SCHED_HOOK_RAW_TP, _SCHED_HOOK_MAX };
enum { SCHED_FD_CPU, SCHED_FD_CGROUP, _SCHED_FD_MAX };

#define HOOK_NOT_TRIED 1

struct sched_load;

struct sched_load_result {
	uint32_t hook;              /* in use, when loaded */
	int tried[_SCHED_HOOK_MAX]; /* 0, -errno, or HOOK_NOT_TRIED */
	uint32_t cpus, shards;      /* the shape of the maps */
	int fds[_SCHED_FD_MAX];     /* borrowed: they live as long as the object */
	char text[128];             /* libbpf's last complaint */
};

extern const char *const sched_hook_names[];

/* only: the one hook to try, or -1 for the best that works.  *result is filled either way. */
int sched_load_new(struct sched_load **ret, int only, bool cgroups,
		   struct sched_load_result *result);
struct sched_load *sched_load_free(struct sched_load *s);
