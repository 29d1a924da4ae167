/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights: what process 1 and the command give up.  The user namespace that they are in gives
 * all capabilities inside it; none is left when these are done.
 */
#pragma once
struct build;
struct sandbox_spec;

/* Process 1, once it has built everything: capabilities, the way to get any, the keyring. */
int rights_drop(void);

/* The command, before it is executed: landlock where the kernel has it. */
int rights_fence(const struct sandbox_spec *spec);

/* The same for another process to enter; *ret is -1 where the kernel has none. */
int rights_fence_new(const struct sandbox_spec *spec, int *ret);

/* The command: rlimits. */
int rights_limit(const struct sandbox_spec *spec);
