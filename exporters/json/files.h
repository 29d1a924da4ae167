/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a snapshot that comes from the kernel's own files; not a door of the room. */
#pragma once
#include <jansson.h>

struct cgroup_snapshot;
struct cpu_snapshot;
struct memory;
struct snapshot;

/* Add their keys to an object that is there already; NULL is borne. */
void json_files_cpu(json_t *to, const struct cpu_snapshot *c);
void json_files_cgroup(json_t *to, const struct cgroup_snapshot *c);
void json_files_memory(json_t *to, const struct memory *m);
void json_files_node(json_t *root, const struct snapshot *s);

void json_read_files_cpu(struct cpu_snapshot *c, const json_t *from);
void json_read_files_cgroup(struct cgroup_snapshot *c, const json_t *from);
void json_read_files_node(struct snapshot *s, const json_t *root);
