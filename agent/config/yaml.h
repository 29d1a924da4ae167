/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml: fills a struct from YAML text by its option table; nested maps make dotted names.
 * Only what settings need is read: maps and plain values.  It works on libyaml's events, so
 * nothing is kept of the text and each fault has its exact line and column.
 */
#pragma once
#include <stddef.h>

struct config_error;
struct option_origin;
struct option_table;

/*
 * 0, or with *e filled -EINVAL or -ENOMEM; target is then filled in part.  origins lies
 * beside the table's rows; a row that came from a flag keeps its value.
 */
int yaml_fill(const char *text, size_t length, const struct option_table *table, void *target,
	      struct option_origin *origins, struct config_error *e);
