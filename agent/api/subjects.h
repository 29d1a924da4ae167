/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subjects: what BPF measures here.  Each is loaded through the warden, and has its reader here; one
 * that does not load is off with a reason, which its state has for the doctor.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "agent/api/findings.h"
#include "agent/wire/wire.h"

struct cache_read;
struct config;
struct disk_read;
struct sched_read;
struct snapshot;
struct warden;

enum subject {
	SCHED = WIRE_SCHED,
	DISK = WIRE_DISK,
	CACHE = WIRE_CACHE,
	_SUBJECT_MAX = _WIRE_SUBJECT_MAX
};

struct subjects { /* the caller's, zeroed */
	struct subject_state states[_SUBJECT_MAX];
	struct sched_read *sched; /* NULL: off */
	struct disk_read *disk;   /* NULL: off */
	struct cache_read *cache; /* NULL: off */
	size_t cpus;              /* that sched counts; 0: it does not */
};

/* 0, or -errno when the warden is no help at all; to be cleared either way. */
int subjects_load(struct subjects *s, struct warden *warden, const struct config *config);
void subjects_clear(struct subjects *s);

bool subjects_measure(const struct subjects *s); /* is any of them on? */
void subjects_describe(const struct subjects *of, struct snapshot *s);
