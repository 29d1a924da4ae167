/* SPDX-License-Identifier: Apache-2.0 */
/* group_files: the files of one group, by its place in a hierarchy. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/sandbox/group_host.h"

struct sandbox_group;

enum { GROUP_PLACE = GROUP_PATH + 112 };

struct group_place { /* of a group in one of the host's bases */
	char path[GROUP_PLACE];
	int version;
};

/* False: it has none there. */
bool group_place(const struct sandbox_group *g, size_t base, struct group_place *ret);
bool group_place_of(const struct sandbox_group *g, enum group_controller c,
		    struct group_place *ret);

int group_write(const char *folder, const char *file, const char *text);
int group_write_number(const char *folder, const char *file, uint64_t number);
ssize_t group_read(const char *folder, const char *file, char *text, size_t size);
uint64_t group_read_number(const char *folder, const char *file); /* 0 where there is none */

/* Kills what is in a place and waits until it is gone. */
int group_place_end(const struct group_place *place);
bool group_place_is_empty(const struct group_place *place);
/* 1: it was killed as a whole, which nothing can outrun; 0: what was seen in it. */
bool group_place_kill(const struct group_place *place);
