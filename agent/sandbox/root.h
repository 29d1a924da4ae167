/* SPDX-License-Identifier: Apache-2.0 */
/* root: all that is mounted inside, from the first tmpfs to the files of the job. */
#pragma once
#include <stdbool.h>

struct build;

/* A detached copy of what is mounted at path, with all below it or not; or -errno. */
int root_clone(const char *path, bool below);

/* From the mounts of the host, in a namespace of our own, to those of the sandbox. */
int root_build(struct build *b);
