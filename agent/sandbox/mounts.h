/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts: the few verbs that the root of a sandbox is put together with.  What is new or cloned
 * is a descriptor of a mount that is nowhere yet.  All return it, or 0, or -errno.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

int mount_clone(const char *path, bool below); /* what is mounted there, with all below it or not */
int mount_new_tmpfs(uint64_t bytes, uint64_t inodes);
int mount_new_overlay(const char *lower, const char *upper, const char *work);
int mount_new_proc(bool read_only);

int mount_attach(int tree, const char *path);
int mount_bind(const char *from, const char *to);
int mount_restrict(const char *path, uint64_t attributes, bool below); /* MOUNT_ATTR_… */

/* What is mounted on, or filled; one that is there is as good as made. */
int place_folder(const char *path, mode_t mode);
int place_file(const char *path);
int place_text(const char *path, const char *text);
int place_for(int tree, const char *path); /* a folder or a file, as tree is, and all above it */
